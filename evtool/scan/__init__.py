"""Reads evidence, and never changes it."""
