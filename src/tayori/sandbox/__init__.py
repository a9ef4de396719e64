"""Everything that mail needs on one machine, for trying Tayori out and for its tests.

Nothing here sends anything off the machine: every socket is bound to loopback by default.
"""
