"""Delivery: lease, attempt, judge, settle."""
