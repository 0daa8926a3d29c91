"""OpenTimestamps proofs and Bitcoin block headers."""
