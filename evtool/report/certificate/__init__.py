"""Certificates: papers that a person completes and signs, filled with what a verification found."""
