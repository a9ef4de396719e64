"""How secure the way to a receiver has to be: DANE, MTA-STS, our own demands, and what is possible.

DANE decides first, then MTA-STS, then what operator, account and sender demand; the rest is as
secure as the receiver can be spoken to. docs/operations/tls.md explains it to operators.
"""
