"""Customers, their secrets, tries at them, and web logins."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customers",
        sa.Column("account_no", sa.String(12), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("mobile", sa.String(20), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("language", sa.Integer, nullable=False),
        sa.Column("branch_code", sa.String(5), nullable=False),
        sa.PrimaryKeyConstraint("account_no", name="pk_customers"),
        sa.CheckConstraint("language IN (1, 2)", name=op.f("ck_customers_language_known")),
    )
    op.create_table(
        "secrets",
        sa.Column("account_no", sa.String(12), nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(256), nullable=False),
        sa.Column("changed_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_no", "kind", name="pk_secrets"),
        sa.ForeignKeyConstraint(
            ["account_no"], ["customers.account_no"], name="fk_secrets_account_no"
        ),
    )
    op.create_table(
        "attempts",
        sa.Column("account_no", sa.String(12), nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("failure_count", sa.Integer, nullable=False),
        sa.Column("lock_count", sa.Integer, nullable=False),
        sa.Column("locked_until_ns", sa.BigInteger, nullable=False),
        sa.Column("tried_ns", sa.BigInteger, nullable=False),
        sa.Column("is_known", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account_no", "kind", name="pk_attempts"),
    )
    op.create_index("ix_attempts_is_known", "attempts", ["is_known", "tried_ns"])
    op.create_table(
        "logins",
        sa.Column("token_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("account_no", sa.String(12), nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("started_ns", sa.BigInteger, nullable=False),
        sa.Column("seen_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_logins"),
        sa.ForeignKeyConstraint(
            ["account_no"], ["customers.account_no"], name="fk_logins_account_no"
        ),
    )
    op.create_index("ix_logins_account_no", "logins", ["account_no"])
    op.create_index("ix_logins_expires_ns", "logins", ["expires_ns"])
