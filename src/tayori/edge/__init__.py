"""Doors: they translate a protocol to our types and back, and decide nothing."""
