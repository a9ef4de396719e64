"""The long loads run on what scenario tests run on."""

from tests.scenario.conftest import dns, make_server, postgresql_server, sink, zoo
from tests.store.conftest import database, empty_url

__all__ = ["database", "dns", "empty_url", "make_server", "postgresql_server", "sink", "zoo"]
