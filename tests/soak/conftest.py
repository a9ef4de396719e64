"""The long loads run on what scenario tests run on."""

from tests.scenario.conftest import dns, make_server, postgresql_server, sink, zoo
from tests.store.conftest import database, installed_url

__all__ = ["database", "dns", "installed_url", "make_server", "postgresql_server", "sink", "zoo"]
