"""The closed vocabulary of events and their record."""
