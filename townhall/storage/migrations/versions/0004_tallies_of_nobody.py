"""Of a secret question that is counted no tally says which process counted which choice.

Joined with the processes of recorded ballots it could narrow down who chose what. A PostgreSQL
keeps the old rows until its next start moves what counts to new files.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOBODY = 0
"""The writer of what nobody's batch wrote: no ballot writer has it."""
SCRUB = "scrub"
"""The fact by which a start knows that old rows are to be removed: who removed them."""
COUNTED = (
    f"writer <> {NOBODY} AND question_id IN "
    "(SELECT id FROM question WHERE secret AND state IN ('closed', 'revealed'))"
)


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.execute("PRAGMA secure_delete=ON")  # for `townhall migrate`; a server has it on
    op.execute(
        "INSERT INTO tally (question_id, writer, cell, n) "
        f"SELECT question_id, {NOBODY}, cell, sum(n) FROM tally WHERE {COUNTED} "
        "GROUP BY question_id, cell ORDER BY question_id, cell"
    )
    folded = connection.execute(sa.text(f"DELETE FROM tally WHERE {COUNTED}")).rowcount
    if folded and connection.dialect.name == "postgresql":
        op.execute(
            f"INSERT INTO instance VALUES ('{SCRUB}', CAST(pg_current_xact_id() AS text)) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        )
