"""DNS for mail: the resolver with its cache, and the hosts that take a domain's mail.

Answers are values. Only a name server's own "no such name" or "no such data" is a no; everything
that went wrong on the way is temporary.
"""
