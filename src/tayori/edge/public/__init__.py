"""Pages without an account: health and metrics."""
