"""Which accounts were verified in a call: a caller may change from one to another."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_accounts",
        sa.Column("account_no", sa.String(12), nullable=False),
        sa.Column("call_no", sa.String(24), nullable=False),
        sa.PrimaryKeyConstraint("account_no", "call_no", name="pk_call_accounts"),
        sa.ForeignKeyConstraint(["call_no"], ["calls.call_no"], name="fk_call_accounts_call_no"),
    )
    op.execute(
        "INSERT INTO call_accounts (account_no, call_no)"
        " SELECT account_no, call_no FROM calls WHERE account_no != ''"
    )
