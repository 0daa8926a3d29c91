"""The user's own keys, trust and configuration."""
