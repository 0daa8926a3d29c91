"""The manifest: statements about items, their hash tree, and partial copies."""
