"""Phone: guesses at PINs, PIN changes, bindings of numbers, notices to hear, elder callers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customers", sa.Column("is_elder", sa.Integer, nullable=False, server_default="0")
    )
    op.create_table(
        "guesses",
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("window_ns", sa.BigInteger, nullable=False),
        sa.Column("failure_count", sa.Integer, nullable=False),
        sa.Column("lock_count", sa.Integer, nullable=False),
        sa.Column("locked_until_ns", sa.BigInteger, nullable=False),
        sa.Column("succeeded_ns", sa.BigInteger, nullable=False),
        sa.Column("tried_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_guesses"),
    )
    op.create_index("ix_guesses_tried_ns", "guesses", ["tried_ns"])
    op.create_table(
        "pin_changes",
        sa.Column("change_no", sa.Integer, nullable=False),
        sa.Column("account_no", sa.String(12), nullable=False),
        sa.Column("changed_ns", sa.BigInteger, nullable=False),
        sa.Column("channel", sa.Integer, nullable=False),
        sa.Column("trace_id", sa.String(96), nullable=False),
        sa.Column("is_recorded", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("change_no", name="pk_pin_changes"),
        sa.ForeignKeyConstraint(
            ["account_no"], ["customers.account_no"], name="fk_pin_changes_account_no"
        ),
    )
    op.create_index("ix_pin_changes_account_no", "pin_changes", ["account_no"])
    op.create_index("ix_pin_changes_is_recorded", "pin_changes", ["is_recorded"])
    for table, key, size in (
        ("caller_bindings", "account_no", 12),
        ("branch_bindings", "branch_code", 5),
    ):
        op.create_table(
            table,
            sa.Column(key, sa.String(size), nullable=False),
            sa.Column("ani", sa.String(20), nullable=False),
            sa.Column("policy", sa.Integer, nullable=False),
            sa.PrimaryKeyConstraint(key, "ani", name=f"pk_{table}"),
            sa.CheckConstraint("policy IN (1, 2, 3)", name=op.f(f"ck_{table}_policy_known")),
        )
    op.create_table(
        "phone_notices",
        sa.Column("notice_no", sa.String(32), nullable=False),
        sa.Column("audience", sa.String(24), nullable=False),
        sa.Column("is_mandatory", sa.Integer, nullable=False),
        sa.Column("valid_from_ns", sa.BigInteger, nullable=False),
        sa.Column("valid_until_ns", sa.BigInteger, nullable=False),
        sa.Column("text_zh", sa.String(1000), nullable=False),
        sa.Column("text_en", sa.String(1000), nullable=False),
        sa.PrimaryKeyConstraint("notice_no", name="pk_phone_notices"),
    )
    op.create_index("ix_phone_notices_audience", "phone_notices", ["audience"])
    op.create_table(
        "heard_notices",
        sa.Column("notice_no", sa.String(32), nullable=False),
        sa.Column("account_no", sa.String(12), nullable=False),
        sa.Column("heard_ns", sa.BigInteger, nullable=False),
        sa.Column("call_no", sa.String(24), nullable=False),
        sa.PrimaryKeyConstraint("notice_no", "account_no", name="pk_heard_notices"),
        sa.ForeignKeyConstraint(
            ["notice_no"], ["phone_notices.notice_no"], name="fk_heard_notices_notice_no"
        ),
    )
