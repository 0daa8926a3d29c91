"""Comparing the evidence with its seals, item by item or block by block."""
