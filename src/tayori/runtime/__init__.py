"""What every process needs: clock, identifiers, log, metrics, secrets, start and stop."""
