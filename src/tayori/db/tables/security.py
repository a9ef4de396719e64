"""What is known of receivers' TLS: policies, hosts that need less than the best, and results.

Policies and hosts are read by every process when they change, so `changed_at` has an index.
"""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from tayori.db.tables.metadata import metadata

sts_policy = Table(
    "sts_policy",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("policy_id", Text, nullable=False),  # "" = no policy was ever fetched
    Column("mode", Text, nullable=False),
    Column("mx", Text, nullable=False),  # JSON list of patterns
    Column("max_age_s", BigInteger, nullable=False),
    Column("fetched_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("tried_id", Text, nullable=False),  # the id for which a fetch was tried last
    Column("tried_at", BigInteger, nullable=False),
    Column("trouble", Text, nullable=False),  # why the last try failed; "" = it did not
    Column("changed_at", BigInteger, nullable=False, index=True),
)

tls_host = Table(
    "tls_host",
    metadata,
    Column("host", Text, primary_key=True),
    Column("rung", Integer, nullable=False),  # where the ladder of versions begins
    Column("reason", Text, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False, index=True),
)

tls_result = Table(
    "tls_result",
    metadata,
    Column("day", Text, primary_key=True),  # of UTC (RFC 8460 4.1)
    Column("domain", Text, primary_key=True),
    Column("key", Text, primary_key=True),  # JSON list: policy, result, and between whom
    Column("count", BigInteger, nullable=False),
)

tls_report = Table(
    "tls_report",
    metadata,
    Column("day", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("state", Text, nullable=False),  # sending, sent, failed
    Column("tries", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
)
