"""Refusals: the one table of codes and sentences that every door reads."""
