"""Mail that comes back: what it is, whom it is about, and what follows from it."""
