"""Reactions to what receivers say: slower, fewer connections, a pause, and a release in steps."""
