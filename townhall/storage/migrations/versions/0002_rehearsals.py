"""Rehearsals: which forum is a copy to rehearse in, and what the last rehearsal of one found."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("forum", sa.Column("rehearses", sa.Integer(), nullable=True))
    op.create_table(
        "rehearsal",
        sa.Column("forum_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["forum_id"], ["forum.id"], name=op.f("fk_rehearsal_forum_id_forum")
        ),
        sa.PrimaryKeyConstraint("forum_id", name=op.f("pk_rehearsal")),
    )
