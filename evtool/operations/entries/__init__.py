"""Adding entries to a record."""
