"""Sealing evidence: plan, read, state, sign."""
