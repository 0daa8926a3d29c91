"""OpenSSH keys, signatures (SSHSIG) and trust lists (allowed_signers)."""
