"""Fixtures that every folder shares: real servers, the browser, and the marks they earn a test.

A server is started once a test process and only when a test asks for it. None is ever replaced
by an imitation, and none is ever skipped: what cannot start fails with a sentence.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.servers.chromium import Chromium, resolve
from tests.servers.migrated import sqlite
from tests.servers.node import node as node_program
from tests.servers.postgres import Databases, PostgresServer
from tests.servers.process import running
from tests.servers.valkey import ValkeyServer

MARKS = {
    "postgres": {"postgres_server", "postgres_url", "empty_postgres_url"},
    "valkey": {"valkey_server", "valkey_url"},
    "browser": {"chromium", "browser"},
}
"""Which fixtures earn a test which mark; CI demands at least one test of each."""

LONG = {"faults", "browser", "journeys", "security", "sockets", "verify"}
"""Folders whose tests begin first, so that no test process waits at the end for another's."""

# A deadline, like the check for slow generation, would be an assertion about timing. CI repeats the
# same examples in every run (.ci/run sets it); people's machines look for new ones.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the long form of the fault tests")
    parser.addoption("--album", action="store_true", help="keep a picture of every screen")
    parser.addoption("--seed", type=int, help="the seed a failed fault test printed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.parent.name not in LONG)
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for mark, earning in MARKS.items():
            if fixtures & earning:
                item.add_marker(mark)
                # Written into the junit file, which .ci/junit.py reads.
                item.user_properties.append(("mark", mark))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the fault tests run in their long form."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Databases]:
    """A server of this test process; a test that stops a server starts a PostgresServer itself."""
    if named := os.environ.get("TOWNHALL_TEST_POSTGRES"):
        databases = Databases(named)
        yield databases
        databases.clear()
        return
    with running(PostgresServer()) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Databases) -> Iterator[str]:
    """The SQLAlchemy URL of a migrated database of this test alone."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def empty_postgres_url(postgres_server: Databases) -> Iterator[str]:
    """The same without a table."""
    name = postgres_server.create_database(template="template0")
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The SQLAlchemy URL of a migrated database of this test alone."""
    return sqlite(tmp_path / "hall.db")


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """A server of this test process; a test that kills one starts a ValkeyServer itself."""
    with running(ValkeyServer()) as server:
        yield server


@pytest.fixture
def valkey_url(request: pytest.FixtureRequest) -> str:
    """The URL of a server for the bus; it may carry other tests' channels."""
    named = os.environ.get("TOWNHALL_TEST_REDIS")
    return named or str(request.getfixturevalue("valkey_server").url())


@pytest.fixture(scope="session")
def node() -> Path:
    return node_program()


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    return resolve()


@pytest.fixture(scope="module")
def browser(chromium: Chromium) -> Iterator[Browser]:
    """A running Chromium.

    A module's and not a session's, because while Playwright runs, its event loop occupies the
    main thread and async tests of other modules could not start theirs.
    """
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium.path, env=dict(chromium.env), args=list(chromium.args)
        )
        yield running
        running.close()


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path:
    """An empty folder under var/ for this test's screenshots, kept for people to look at."""
    name = request.node.name.translate(str.maketrans("[]/ ", "----"))
    folder = request.config.rootpath / "var" / "pictures" / request.node.module.__name__ / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def album(request: pytest.FixtureRequest) -> Path | None:
    """The same for pictures of everything, which are a third of the work: only when asked for."""
    asked = request.config.getoption("--album")
    return request.getfixturevalue("pictures") if asked else None
