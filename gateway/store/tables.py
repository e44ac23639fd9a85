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
    Column("is_elder", Integer, nullable=False, server_default="0"),
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

# Every account that was verified in a call; `calls.account_no` is the last one.
CALL_ACCOUNTS: Final = Table(
    "call_accounts",
    METADATA,
    Column("account_no", String(12), primary_key=True),
    Column("call_no", ForeignKey("calls.call_no"), primary_key=True),
)

# Tries at PINs by caller number, and of all together (identity.guesses); times are Unix ns.
GUESSES: Final = Table(
    "guesses",
    METADATA,
    Column("source", String(40), primary_key=True),  # E.164, or a word for callers without one
    Column("window_ns", BigInteger, nullable=False),  # start of the window that is counted
    Column("failure_count", Integer, nullable=False),
    Column("lock_count", Integer, nullable=False),
    Column("locked_until_ns", BigInteger, nullable=False),
    Column("succeeded_ns", BigInteger, nullable=False),  # last right PIN, 0 when never
    Column("tried_ns", BigInteger, nullable=False, index=True),
)

# A PIN that was changed, written with the new hash; told to the journal until that is durable.
PIN_CHANGES: Final = Table(
    "pin_changes",
    METADATA,
    Column("change_no", Integer, primary_key=True),
    Column(
        "account_no", String(12), ForeignKey("customers.account_no"), nullable=False, index=True
    ),
    Column("changed_ns", BigInteger, nullable=False),
    Column("channel", Integer, nullable=False),
    Column("trace_id", String(96), nullable=False),
    Column("is_recorded", Integer, nullable=False),
    Index("ix_pin_changes_is_recorded", "is_recorded"),
)

# What a caller may do by the number he calls from; `ani` is E.164 or a word of identity.callers.
CALLER_BINDINGS: Final = Table(
    "caller_bindings",
    METADATA,
    Column("account_no", String(12), primary_key=True),
    Column("ani", String(20), primary_key=True),
    Column("policy", Integer, nullable=False),
    CheckConstraint("policy IN (1, 2, 3)", name="policy_known"),
)
BRANCH_BINDINGS: Final = Table(
    "branch_bindings",
    METADATA,
    Column("branch_code", String(5), primary_key=True),
    Column("ani", String(20), primary_key=True),
    Column("policy", Integer, nullable=False),
    CheckConstraint("policy IN (1, 2, 3)", name="policy_known"),
)

# What callers hear after logging in; for the words of `audience` see identity.phone_notices.
PHONE_NOTICES: Final = Table(
    "phone_notices",
    METADATA,
    Column("notice_no", String(32), primary_key=True),
    Column("audience", String(24), nullable=False, index=True),
    Column("is_mandatory", Integer, nullable=False),
    Column("valid_from_ns", BigInteger, nullable=False),
    Column("valid_until_ns", BigInteger, nullable=False),
    Column("text_zh", String(1000), nullable=False),
    Column("text_en", String(1000), nullable=False),
)
# Proof that an account holder heard one to its end, and in which call.
HEARD_NOTICES: Final = Table(
    "heard_notices",
    METADATA,
    Column("notice_no", String(32), ForeignKey("phone_notices.notice_no"), primary_key=True),
    Column("account_no", String(12), primary_key=True),
    Column("heard_ns", BigInteger, nullable=False),
    Column("call_no", String(24), nullable=False),
)
