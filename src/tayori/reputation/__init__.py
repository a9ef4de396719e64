"""Counted limits and, on top of them, what a domain has earned."""
