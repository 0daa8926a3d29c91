"""Which terms apply to an item, and what they allow."""
