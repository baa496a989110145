"""Turnout, counted as people take part and not anew for every screen; asks are found by seat.

For each seat that goes with a rehearsal a database looks whether an ask refers to it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BEFORE = 0
"""The writer under whose name stands what was counted from the rows: no ballot writer has it."""


def upgrade() -> None:
    op.create_table(
        "turnout",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("writer", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("question_id", "writer", "channel", name=op.f("pk_turnout")),
    )
    op.execute(
        "INSERT INTO turnout (question_id, writer, channel, n) "
        f"SELECT question_id, {BEFORE}, channel, count(*) FROM participation "
        "GROUP BY question_id, channel"
    )
    op.create_index(op.f("ix_ask_seat_id"), "ask", ["seat_id"])
    op.create_index(op.f("ix_ask_upvote_seat_id"), "ask_upvote", ["seat_id"])
