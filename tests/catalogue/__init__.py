"""The catalogue of a repository: what gets in, what it answers, and what it does not hold."""
