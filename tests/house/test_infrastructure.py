"""The real servers and tools that other tests rely on are there and are what they say."""

import sqlite3
import ssl
import subprocess
from pathlib import Path

import httpx
import psycopg
import redis
from playwright.sync_api import Browser

from tests.servers.nginx import CERTIFICATE, NginxServer
from tests.servers.process import free_port, running

HANGUL = "안녕하세요 열린토론회"
MEASURE = """(text) => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = "32px sans-serif";
    return [...text].map((letter) => {
        pen.canvas.width = 64; pen.canvas.height = 64;
        pen.font = "32px sans-serif"; pen.fillText(letter, 8, 40);
        return [pen.measureText(letter).width, pen.canvas.toDataURL()];
    });
}"""


def test_postgres_answers_and_is_durable(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        version = connection.info.server_version
        settings = {
            name: connection.execute(f"SHOW {name}".encode()).fetchone()
            for name in ("fsync", "synchronous_commit", "full_page_writes")
        }
    assert version >= 150000
    assert settings == dict.fromkeys(settings, ("on",))


def test_every_postgres_test_gets_an_empty_database(
    postgres_url: str, empty_postgres_url: str
) -> None:
    for url, asked in (
        (postgres_url, "SELECT count(*) FROM forum"),
        (postgres_url, "SELECT count(*) FROM instance"),
        (empty_postgres_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
    ):
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            assert connection.execute(asked.encode()).fetchone() == (0,)


def test_valkey_carries_a_message_from_publisher_to_subscriber(valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url) as client, client.pubsub() as listener:
        listener.subscribe("hall")
        assert listener.get_message(timeout=5)["type"] == "subscribe"
        assert client.publish("hall", "forum 7: tally") == 1
        assert listener.get_message(timeout=5)["data"] == b"forum 7: tally"


def test_nginx_takes_the_configuration_of_the_operators_page() -> None:
    front = NginxServer()
    front.upstream = free_port()
    trusted = ssl.create_default_context(cafile=str(CERTIFICATE))
    with running(front):
        answer = httpx.get(front.url, verify=trusted)
    assert (answer.status_code, answer.headers["Server"][:6]) == (502, "nginx/")


def test_sqlite_knows_the_statements_the_ballot_path_needs() -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE vote (seat INTEGER PRIMARY KEY, choice TEXT)")
        rows = connection.execute(
            "INSERT INTO vote SELECT value, 'yes' FROM json_each('[1,2]') WHERE true "
            "ON CONFLICT DO NOTHING RETURNING seat"
        ).fetchall()
    connection.close()
    assert rows == [(1,), (2,)]


def test_node_runs_modules(node: Path) -> None:
    script = "import {sha256hex} from './static/js/lib/sha256.js'; console.log(sha256hex('abc'))"
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run(
        [str(node), "--input-type=module", "-e", script],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("ba7816bf")


def test_chromium_draws_hangul_and_not_tofu(browser: Browser, pictures: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 300})
    page.set_content(f"<html lang=ko><h1>{HANGUL}</h1><p>작은도서관을 살립시다 — Townhall 2026")
    page.screenshot(path=pictures / "korean.png")
    # U+0378 is assigned to no character, so every font draws its "missing" box for it.
    (_, missing), *letters = page.evaluate(MEASURE, "\u0378" + "안녕토론")
    page.close()
    assert all(width > 20 for width, _ in letters)
    assert len({missing, *(drawn for _, drawn in letters)}) == 5
