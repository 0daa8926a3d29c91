"""A program that tells in what state it was started."""
