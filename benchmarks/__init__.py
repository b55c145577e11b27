"""Scripts that measure; each prints its figures, docs/performance.md says with which command."""
