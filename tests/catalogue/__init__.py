"""The receiving side: what a repository does with many collections."""
