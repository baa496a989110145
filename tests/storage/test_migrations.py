"""The migrated schema is the declared one, on both databases, and what is behind is refused."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Engine,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    create_engine,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from tests.servers.migrated import sqlite
from townhall.domain import audit
from townhall.domain.errors import Refused
from townhall.storage import migrations, processes, questions
from townhall.storage.backups.contents import forums_in, refuse_secret_open
from townhall.storage.database import normalised, open_database
from townhall.storage.migrations import bring_up_to_date, versions
from townhall.storage.migrations.upgrade import upgrade
from townhall.storage.schema import metadata


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_migrated_sqlite_is_the_declared_schema(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'hall.db'}")
    bring_up_to_date(engine)
    assert differences(engine) == []
    engine.dispose()


def test_migrated_postgresql_is_the_declared_schema(empty_postgres_url: str) -> None:
    engine = create_engine(normalised(empty_postgres_url))
    bring_up_to_date(engine, force=True)
    assert differences(engine) == []
    engine.dispose()


def test_versions_named_by_their_files_are_those_that_alembic_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    known = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    assert list(versions()) == known[::-1]


def test_start_on_an_sqlite_of_the_newest_version_loads_nothing_for_other_databases(
    tmp_path: Path,
) -> None:
    url = sqlite(tmp_path / "hall.db")
    script = (
        "import sys; from townhall.storage.database import open_database; "
        "from townhall.storage.schema import Forum; "
        f"open_database({url!r}).close(); "
        "print(Forum.__pydantic_complete__); "
        "print(*({'alembic', 'sqlalchemy.dialects.postgresql', 'psycopg'} & sys.modules.keys()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60
    )
    assert ran.stdout == "False\n\n"  # what would validate rows is not built, nothing is loaded


def test_what_goes_with_a_rehearsal_is_found_without_a_look_at_everything() -> None:
    """For each row that is deleted, a database looks in every table that may refer to it."""
    deleted = {table.name for table in metadata.sorted_tables if "forum_id" in table.c} | {"forum"}
    referring = {
        (table.name, key.parent.name)
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name in deleted
    }
    leading = {
        (table.name, next(iter(each.columns)).name)
        for table in metadata.sorted_tables
        for each in (table.primary_key, *table.indexes, *table.constraints)
        if isinstance(each, Index | PrimaryKeyConstraint | UniqueConstraint)
    }
    assert referring - leading == set()


def at_first_version(url: str) -> Engine:
    """A database of the first version with a forum in it, and one link of its chain."""
    engine = create_engine(normalised(url))
    with engine.connect() as connection:
        upgrade(connection, "0001")
        connection.execute(text(FORUM))
        link = vars(audit.link(audit.GENESIS, "forum_made", {}))
        connection.execute(
            text(
                "INSERT INTO audit (forum_id, writer, n, prev_hash, hash, kind, body) "
                "VALUES (7, 0, 1, :prev, :hash, :kind, :body)"
            ),
            link,
        )
        connection.execute(
            text("INSERT INTO chain VALUES (7, 0, 1, :hash, 0)"),
            link,
        )
        connection.commit()
    return engine


FORUM = (
    "INSERT INTO forum (id, code, title, host, language, entry, template, state, starts_at, stage, "
    "recent_keys, revision, created_at) VALUES (7, '123456', 'A forum', '', 'ko', 'seats', "
    "'blank', 'ended', 1, '{}', '[]', 3, 1)"
)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_database_of_the_first_version_keeps_its_forums_and_they_cannot_be_deleted(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lite = f"sqlite:///{tmp_path / 'hall.db'}"
    engine = at_first_version(
        lite if kind == "sqlite" else request.getfixturevalue("empty_postgres_url")
    )
    with engine.connect() as connection:  # a backup is made before an upgrade
        assert [(found.code, found.title) for found in forums_in(connection)] == [
            ("123456", "A forum")
        ]
        refuse_secret_open(connection)
    bring_up_to_date(engine, force=True)
    assert differences(engine) == []
    for statement in ("DELETE FROM audit", "DELETE FROM forum"):
        with engine.connect() as connection, pytest.raises(DBAPIError):
            connection.execute(text(statement))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT code, rehearses FROM forum")).all()
    assert [tuple(row) for row in rows] == [("123456", None)]
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_who_took_part_before_the_upgrade_is_counted_in_the_turnout(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lite = f"sqlite:///{tmp_path / 'hall.db'}"
    engine = at_first_version(
        lite if kind == "sqlite" else request.getfixturevalue("empty_postgres_url")
    )
    with engine.connect() as connection:
        took_part = [(3, 1, "phone"), (3, 2, "phone"), (3, 9, "proxy"), (4, 1, "open")]
        connection.execute(
            text("INSERT INTO participation VALUES (:q, :s, :c, NULL)"),
            [{"q": q, "s": s, "c": c} for q, s, c in took_part],
        )
        connection.commit()
    bring_up_to_date(engine, force=True)
    with Session(engine) as session:
        assert questions.turnout(session, [3, 4, 5]) == {
            3: {"phone": 2, "proxy": 1},
            4: {"open": 1},
            5: {},
        }
    engine.dispose()


QUESTION = (
    "INSERT INTO question (id, forum_id, position, kind, title, help, options, config, secret, "
    "changeable, results, base, eligibility, state) VALUES (:id, 7, 1, 'yesno', '', '', '[]', "
    "'{}', :secret, :secret, 'hidden', 'voted', 'seats', :state)"
)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_secret_questions_counted_before_the_upgrade_say_of_no_process_what_it_counted(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = (
        f"sqlite:///{tmp_path / 'hall.db'}"
        if kind == "sqlite"
        else request.getfixturevalue("empty_postgres_url")
    )
    engine = at_first_version(url)
    asked = [(3, True, "closed"), (4, True, "revealed"), (5, True, "open"), (6, False, "closed")]
    counted = [(1, "no", 1), (1, "yes", 2), (2, "yes", 4)]
    with engine.connect() as connection:
        connection.execute(
            text(QUESTION), [{"id": q, "secret": secret, "state": s} for q, secret, s in asked]
        )
        connection.execute(
            text("INSERT INTO tally VALUES (:q, :w, :c, :n)"),
            [{"q": q, "w": w, "c": c, "n": n} for q, _, _ in asked for w, c, n in counted],
        )
        connection.commit()
    bring_up_to_date(engine, force=True)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT question_id, writer, cell, n FROM tally")).all()
    engine.dispose()
    folded = [(0, "no", 1), (0, "yes", 6)]
    assert sorted(map(tuple, rows)) == [
        (q, *row) for q in (3, 4, 5, 6) for row in (folded if q < 5 else counted)
    ]
    database = open_database(url)
    assert database.scrub_due()  # the next start removes the old rows
    database.close()


def test_a_new_postgresql_has_no_old_rows_to_remove(empty_postgres_url: str) -> None:
    engine = create_engine(normalised(empty_postgres_url))
    bring_up_to_date(engine, force=True)
    engine.dispose()
    database = open_database(empty_postgres_url)
    assert not database.scrub_due()
    database.close()


def test_no_command_upgrades_a_file_that_an_older_server_uses(tmp_path: Path) -> None:
    file = tmp_path / "hall.db"
    at_first_version(f"sqlite:///{file}").dispose()
    held = processes.claim(file)
    assert held is not None
    with pytest.raises(Refused) as refused:
        open_database(f"sqlite:///{file}")
    assert refused.value.code == "database_in_use"
    held.close()
    open_database(f"sqlite:///{file}", serving="here").close()


def test_no_command_upgrades_a_postgresql_that_an_older_server_uses(
    empty_postgres_url: str,
) -> None:
    engine = at_first_version(empty_postgres_url)
    named = {"application_name": processes.called("old")}
    old = create_engine(normalised(empty_postgres_url), connect_args=named)
    with old.connect(), pytest.raises(Refused) as refused:
        bring_up_to_date(engine, force=True)
    assert refused.value.code == "database_in_use"
    old.dispose()
    bring_up_to_date(engine, force=True)
    engine.dispose()


def test_postgresql_that_is_behind_is_refused(empty_postgres_url: str) -> None:
    with pytest.raises(Refused) as refused:
        open_database(empty_postgres_url)
    assert refused.value.code == "database_behind"


def test_sqlite_writes_through_to_the_disk(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'hall.db'}")
    with database.engine.connect() as connection:
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]
    database.close()


def test_readers_cannot_write(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'hall.db'}")
    with database.readers.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.execute(text("DELETE FROM forum"))
    database.close()


def test_epoch_stays_with_the_data(tmp_path: Path) -> None:
    first = open_database(f"sqlite:///{tmp_path / 'hall.db'}")
    epoch = first.epoch
    first.close()
    again = open_database(f"sqlite:///{tmp_path / 'hall.db'}")
    other = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    assert again.epoch == epoch
    assert other.epoch != epoch
    again.close()
    other.close()
