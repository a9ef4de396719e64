"""The long loads run on what scenario tests run on."""

from tests.scenario.conftest import dns, make_server, postgresql_server, sink, zoo

__all__ = ["dns", "make_server", "postgresql_server", "sink", "zoo"]
