"""Judging the time evidence of a record."""
