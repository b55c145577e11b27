"""What may be shown of homes by state now: sums of whole groups, and what comes of them."""
