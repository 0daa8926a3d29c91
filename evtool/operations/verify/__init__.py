"""Verifying a record and the evidence: the numbered steps and what each of them checks."""
