"""SMTP submission: existing applications send through the same door as the API (RFC 6409)."""
