"""Tells customers of events by HTTP calls: select, sign, post, log, replay."""
