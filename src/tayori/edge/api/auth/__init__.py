"""Signatures of requests, verified (wire facts 1.2, 1.3, 1.6)."""
