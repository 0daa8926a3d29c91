"""Containers: ZIP, BagIt and age, and safe names inside them."""
