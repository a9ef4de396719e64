"""Tayori: a self-hosted email sending service."""
