"""Accounts, credentials, identities and their DNS verification, DKIM keys."""
