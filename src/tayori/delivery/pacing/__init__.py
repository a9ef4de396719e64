"""Pacing: what receivers permit, divided exactly among the delivery processes."""
