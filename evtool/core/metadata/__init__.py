"""Embedded metadata: what a file says about itself, as values and as JSON."""
