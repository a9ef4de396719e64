"""Counts what happened per day, and answers for it."""
