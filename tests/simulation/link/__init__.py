"""A line between edges and a cloud, lived through hundreds of times."""
