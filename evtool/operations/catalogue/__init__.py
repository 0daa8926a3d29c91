"""What a repository does with many collections: take them in, find them, check them for decades, see withdrawals."""
