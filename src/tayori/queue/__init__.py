"""The durable queue: states, leases, the retry curve, intake."""
