"""The log: one JSON object a line on stdout, static event names, ids, no content, no secrets."""

import logging
import sys
from typing import Any

import structlog

_TALKATIVE = ("alembic",)
"""Libraries whose usual lines say nothing to an operator; their warnings are kept."""

Logger = structlog.stdlib.BoundLogger


def configure(level: str = "info", *, role: str = "") -> None:
    """Set the log up for this process; foreign libraries' lines take the same form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    if role:
        structlog.contextvars.bind_contextvars(role=role)


def get(name: str) -> Logger:
    """Return the logger of a room, for example "delivery"."""
    logger: Logger = structlog.stdlib.get_logger(f"tayori.{name}")
    return logger
