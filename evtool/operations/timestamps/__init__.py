"""Adding, renewing and completing time evidence."""
