"""Builds each recipient's mail from the stored recipe: the same octets on every attempt."""
