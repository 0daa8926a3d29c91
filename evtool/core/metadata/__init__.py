"""Embedded metadata: what a file says of itself, as values and as JSON."""
