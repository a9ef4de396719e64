"""Who is not written to: the shared blacklist, each account's own, and unsubscriptions."""
