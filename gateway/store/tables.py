"""The tables of the store, as SQLAlchemy Core sees them; migrations bring a file to this shape.

Times are Unix ns. Not here: what may be read or written by whom (gateway.identity).
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

CUSTOMERS: Final = Table(
    "customers",
    METADATA,
    Column("account_no", String(12), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("mobile", String(20), nullable=False),  # E.164 digits with +, or empty
    Column("email", String(254), nullable=False),  # or empty
    Column("language", Integer, nullable=False),
    Column("branch_code", String(5), nullable=False),
    CheckConstraint("language IN (1, 2)", name="language_known"),
)

# One row per account and kind of secret (identity.credentials.SecretKind).
SECRETS: Final = Table(
    "secrets",
    METADATA,
    Column("account_no", String(12), ForeignKey("customers.account_no"), primary_key=True),
    Column("kind", Integer, primary_key=True),
    Column("hash", String(256), nullable=False),
    Column("changed_ns", BigInteger, nullable=False),
)

# Tries at a secret, also of accounts that do not exist: they must lock in the same way.
ATTEMPTS: Final = Table(
    "attempts",
    METADATA,
    Column("account_no", String(12), primary_key=True),
    Column("kind", Integer, primary_key=True),
    Column("failure_count", Integer, nullable=False),
    Column("lock_count", Integer, nullable=False),
    Column("locked_until_ns", BigInteger, nullable=False),
    Column("tried_ns", BigInteger, nullable=False),
    Column("is_known", Integer, nullable=False),
    Index("ix_attempts_is_known", "is_known", "tried_ns"),
)

# Web logins; the token itself is never stored, only its SHA-256.
LOGINS: Final = Table(
    "logins",
    METADATA,
    Column("token_sha256", LargeBinary(32), primary_key=True),
    Column(
        "account_no", String(12), ForeignKey("customers.account_no"), nullable=False, index=True
    ),
    Column("kind", Integer, nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("seen_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False, index=True),
)

# One row per phone call, opened at its first ring and closed when it is over (gateway.evidence).
CALLS: Final = Table(
    "calls",
    METADATA,
    Column("call_no", String(24), primary_key=True),
    Column("started_ns", BigInteger, nullable=False, index=True),
    Column("ended_ns", BigInteger, nullable=False),  # 0 while it lasts
    Column("ani", String(32), nullable=False, index=True),
    Column("account_no", String(12), nullable=False, index=True),  # or empty
    Column("record", LargeBinary, nullable=False),  # JSON of ivr.call_record.CallRecord
    Column("is_bound", Integer, nullable=False),  # its digest is in the journal
    Index("ix_calls_is_bound", "is_bound"),
)
