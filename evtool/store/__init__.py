"""Evidence and custody directories on disk."""
