"""The composition root: the only place that knows every class and puts the server together."""
