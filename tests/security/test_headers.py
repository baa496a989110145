"""What every answer carries, and what is turned away at the door."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from tests import facts
from tests.web.client import Browser, browsing, site
from townhall.hall import Hall
from townhall.settings import Settings
from townhall.storage.database import writing
from townhall.web.assets import Assets

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture
async def public(hall: Hall) -> AsyncIterator[Browser]:
    """The same hall, reached by https under a public name."""
    settings = Settings(public_url="https://hall.test", allowed_origins=("https://twin.test",))
    async with browsing(site(replace_settings(hall, settings))) as opened:
        opened.base_url = "https://hall.test"  # type: ignore[assignment]  # httpx converts it
        yield opened


def replace_settings(hall: Hall, settings: Settings) -> Hall:
    hall.settings = settings
    return hall


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/healthz", "/api/f/000000/state"])
async def test_every_answer_is_headed(browser: Browser, path: str) -> None:
    answer = await browser.get(path)
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"] or (
        answer.headers["content-security-policy"] == "default-src 'none'"
    )


async def test_the_policy_allows_no_inline_code_and_a_new_nonce_each_time(browser: Browser) -> None:
    pages = [await browser.get("/login") for _ in range(2)]
    policies = [page.headers["content-security-policy"] for page in pages]
    assert all("unsafe" not in policy for policy in policies)
    nonces = [re.search(r"'nonce-([^']+)'", policy) for policy in policies]
    drawn = [found[1] for found in nonces if found]
    assert len(set(drawn)) == 2
    for page, nonce in zip(pages, drawn, strict=True):
        assert f'nonce="{nonce}"' in page.text
        assert not re.search(r"<script(?![^>]*nonce=)|\son\w+=|\sstyle=", page.text)


async def test_https_gets_transport_security_and_prefixed_cookies(public: Browser) -> None:
    answer = await public.get("/login")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-townhall-form=")
    assert {"Path=/", "HttpOnly", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


async def test_plain_http_leaves_prefix_and_secure_off(browser: Browser) -> None:
    answer = await browser.get("/login")
    assert "strict-transport-security" not in answer.headers
    assert answer.headers["set-cookie"].startswith("townhall-form=")
    assert "Secure" not in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("hall.test", 200),
        ("localhost:8000", 200),
        ("evil.test", 400),
        ("hall.test@evil.test", 400),
        ("", 400),
    ],
)
async def test_only_the_public_host_is_answered(public: Browser, host: str, status: int) -> None:
    assert (await public.get("/login", headers={"Host": host})).status_code == status


@pytest.mark.parametrize("given", ["spaced out id", "short", "x" * 65, "<b>12345678"])
async def test_a_misshapen_request_id_is_replaced(browser: Browser, given: str) -> None:
    answer = await browser.get("/login", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


async def test_a_proxys_request_id_is_kept(browser: Browser) -> None:
    answer = await browser.get("/login", headers={"X-Request-ID": "proxy-12345678"})
    assert answer.headers["x-request-id"] == "proxy-12345678"


async def test_a_failure_shows_its_number_and_nothing_else(
    browser: Browser, hall: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    with writing(hall.database) as session:
        facts.forum(session)
        session.connection().exec_driver_sql("DROP TABLE segment")
    answer = await browser.get("/f/123456")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    assert "segment" not in answer.text
    assert "Error" not in answer.text


@pytest.mark.parametrize(
    "name", ["../settings.py", "%2e%2e/settings.py", "..%2fsettings.py", "/etc/passwd", "css/"]
)
async def test_no_path_leads_out_of_the_static_folder(browser: Browser, name: str) -> None:
    assert (await browser.get(f"/static/x/{name}")).status_code == 404


async def test_a_static_file_is_kept_for_ever_and_packed(browser: Browser) -> None:
    url = Assets().url("css/tokens.css")
    answer = await browser.get(url)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    bare = await browser.get(url, headers={"Accept-Encoding": "identity"})
    assert bare.text == answer.text
    old = await browser.get("/static/0123456789ab/css/tokens.css")
    assert (old.status_code, old.headers["location"]) == (302, url)


async def test_a_policy_report_is_one_short_line(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    report = {"csp-report": {"effective-directive": "script-src", "blocked-uri": "x" * 5000}}
    with caplog.at_level("WARNING", "townhall.web"):
        answer = await browser.post("/csp", json=report)
    assert answer.status_code == 204
    lines = [record for record in caplog.records if record.msg == "csp"]
    assert [
        (line.__dict__["effective_directive"], len(line.__dict__["blocked_uri"])) for line in lines
    ] == [("script-src", 120)]


def test_the_fingerprint_changes_with_any_byte(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")
    first = Assets(tmp_path).fingerprint
    (tmp_path / "a.css").write_text("b{}")
    assert Assets(tmp_path).fingerprint != first


async def test_the_site_has_no_undeclared_route(app: Starlette) -> None:
    names = {type(getattr(route, "endpoint", None)).__name__ for route in app.routes}
    assert names == {"Door", "method"}
