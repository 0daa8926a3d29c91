"""Evidence integrity toolkit: seal, sign, time-stamp and verify directories of evidence, offline."""

__version__ = "0.1.0"
