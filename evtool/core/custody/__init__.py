"""Custody entries, their chain, receipts and the register of people."""
