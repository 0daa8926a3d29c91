"""Certificates, certification paths and revocation."""
