"""One open forum from the first sign-in to the published score (`evening` has the steps).

The whole evening on one process with SQLite; its votes and its score once more on two workers with
PostgreSQL and Valkey, behind nginx with https as docs/operations.md sets them up.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import evening
from tests.browser.hall import Townhall
from tests.servers.nginx import NginxServer
from tests.servers.process import running
from tests.servers.workers import Workers

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Townhall]:
    running = Townhall(tmp_path)
    running.start()
    yield running
    running.stop()


class House(Townhall, Workers):
    """Two workers, with hands."""


@pytest.fixture
def house(tmp_path: Path, postgres_url: str, valkey_url: str) -> Iterator[House]:
    """Two workers that both serve, at the address of the nginx before them."""
    front = NginxServer()
    settings = front.settings() | {"TOWNHALL_REDIS_URL": valkey_url, "TOWNHALL_WORKERS": "2"}
    house = House(tmp_path, postgres_url, settings=settings)
    front.upstream = house.port
    with running(front):
        house.start()
        while not house.all_serve():
            time.sleep(0.05)
        house.url = front.url
        yield house
        house.stop()


def test_open_forum_from_first_sign_in_to_published_score(
    browser: Browser, server: Townhall, pictures: Path, tmp_path: Path
) -> None:
    people = evening.People(browser, server.url)
    tonight = evening.begin(people, server, pictures)
    room = tonight.room
    evening.first_round(room)
    evening.talk_at_tables(room)
    evening.give_stickers(room)
    evening.ask(room)
    evening.press(room.console, "다음")
    evening.press(room.console, "다음")
    evening.final_round(room)
    evening.publish(people, server, tonight, tmp_path / "selection.json")


def test_open_forum_reaches_its_score_on_two_workers_behind_nginx(
    browser: Browser, house: House, pictures: Path, tmp_path: Path
) -> None:
    people = evening.People(browser, house.url)
    tonight = evening.begin(people, house, pictures)
    room = tonight.room
    evening.press(room.console, "시작")
    evening.pass_over(room.console, 9)
    evening.ask(room)
    evening.final_round(room)
    evening.publish(people, house, tonight, tmp_path / "selection.json")
