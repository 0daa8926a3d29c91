"""The answer of a verification."""
