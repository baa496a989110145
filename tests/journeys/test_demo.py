"""What `make run` starts: a forum that moves by itself, through the public protocol."""

import re
from pathlib import Path

import httpx
import pytest

from tests.browser.hall import Townhall
from townhall.crowd import Client

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

CROWD = 6
TABLES = 4


async def test_the_demos_people_come_in_and_lead_their_forum(tmp_path: Path) -> None:
    demo = Townhall(tmp_path)
    demo.demo(CROWD)
    try:
        printed = demo.log.read_text()
        code, token = re.findall(r"/f/(\d{6})/enter#k=(\w+)", printed)[1]
        async with httpx.AsyncClient() as http:
            entered = await http.post(f"{demo.url}/api/f/{code}/join", json={"ticket": token})
        async with Client(demo.url, code, entered.json()["token"]) as console:
            assert await console.until(lambda c: c.store["room"]["connected"] == CROWD, 60)
            assert await console.until(lambda c: c.store["agenda"]["state"] == "running", 120)
            assert len(console.store["tables"]) == TABLES
    finally:
        demo.stop()
    assert "Traceback" not in demo.log.read_text()
