"""Reads a metric of this process as Prometheus would."""

from prometheus_client import REGISTRY


def value_of(name: str, **labels: str) -> float:
    """Return a sample's value, 0 before it was ever counted."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
