"""Verification of a sender domain: its DNS records, judged by their meaning.

The checks are pure functions over look-ups; `verify` and `propagation` run the look-ups. Whatever
nobody could tell is UNKNOWN and never changes a domain's standing.
"""
