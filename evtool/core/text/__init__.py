"""Texts, names, times and numbers: one spelling for each, with the limits of what is read."""
