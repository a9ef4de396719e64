"""Mails of the service itself to its users: links, and warnings about their accounts."""
