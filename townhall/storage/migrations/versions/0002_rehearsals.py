"""Rehearsals: which forum is a copy to rehearse in, and what the last rehearsal of one found.

A copy is made as one and stays one; it alone can be deleted, its chains with it. The database
itself refuses anything else, whoever asks.
"""

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
    _copies_alone_can_go()


_CHAIN = "the audit chain is append-only"
_FORUM = "a forum that was held is never deleted, and never becomes a copy"


def _copies_alone_can_go() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_no_delete")
        op.execute(
            "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN NOT EXISTS "
            "(SELECT 1 FROM forum WHERE id = OLD.forum_id AND rehearses IS NOT NULL) "
            f"BEGIN SELECT RAISE(ABORT, '{_CHAIN}'); END"
        )
        op.execute(
            "CREATE TRIGGER forum_no_delete BEFORE DELETE ON forum WHEN OLD.rehearses IS NULL "
            f"BEGIN SELECT RAISE(ABORT, '{_FORUM}'); END"
        )
        op.execute(
            "CREATE TRIGGER forum_no_rehearses BEFORE UPDATE OF id, rehearses ON forum "
            "WHEN OLD.rehearses IS NOT NEW.rehearses OR OLD.id <> NEW.id "
            f"BEGIN SELECT RAISE(ABORT, '{_FORUM}'); END"
        )
        op.execute(  # REPLACE deletes without a word to the other triggers
            "CREATE TRIGGER forum_no_replace BEFORE INSERT ON forum "
            "WHEN EXISTS (SELECT 1 FROM forum WHERE id = NEW.id OR code = NEW.code) "
            f"BEGIN SELECT RAISE(ABORT, '{_FORUM}'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'DELETE' AND EXISTS "
        "(SELECT 1 FROM forum WHERE id = OLD.forum_id AND rehearses IS NOT NULL) "
        "THEN RETURN OLD; END IF; "
        f"RAISE EXCEPTION '{_CHAIN}'; END $$"
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION forum_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'DELETE' AND OLD.rehearses IS NOT NULL THEN RETURN OLD; END IF; "
        "IF TG_OP = 'UPDATE' AND OLD.rehearses IS NOT DISTINCT FROM NEW.rehearses "
        "AND OLD.id = NEW.id THEN RETURN NEW; END IF; "
        f"RAISE EXCEPTION '{_FORUM}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER forum_stays BEFORE DELETE OR UPDATE OF id, rehearses ON forum "
        "FOR EACH ROW EXECUTE FUNCTION forum_refuse()"
    )
