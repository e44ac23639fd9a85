"""Phone calls and their records."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("call_no", sa.String(24), nullable=False),
        sa.Column("started_ns", sa.BigInteger, nullable=False),
        sa.Column("ended_ns", sa.BigInteger, nullable=False),
        sa.Column("ani", sa.String(32), nullable=False),
        sa.Column("account_no", sa.String(12), nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("is_bound", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("call_no", name="pk_calls"),
    )
    for column in ("started_ns", "ani", "account_no", "is_bound"):
        op.create_index(f"ix_calls_{column}", "calls", [column])
