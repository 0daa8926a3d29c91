"""Handling and consent terms as an archivist states them."""
