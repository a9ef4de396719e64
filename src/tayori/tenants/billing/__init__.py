"""What accounts used, what it costs, and what they paid before."""
