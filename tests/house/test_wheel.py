"""The wheel carries everything that runs: it is built, installed elsewhere and asked for a page."""

import re
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.house.sources import ROOT
from tests.servers.process import free_port, spawn, wait_until

BESIDE = ("templates", "static")
"""Folders that lie beside the package in a checkout and inside it in a wheel."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (built,) = folder.glob("townhall-*.whl")
    return built


def run(*arguments: str, cwd: Path, path: Path | None = None) -> str:
    """Runs this Python with `path` before everything else on its module path."""
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(path or ""), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def present(folder: Path) -> set[str]:
    """The files under a folder, without what Python leaves behind."""
    return {
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_wheel_holds_the_package_and_what_lies_beside_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    beside = {f"{folder}/{name}" for folder in BESIDE for name in present(ROOT / folder)}
    assert packed == {f"townhall/{name}" for name in present(ROOT / "townhall") | beside}


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel alone, installed into a folder far from the checkout."""
    site = tmp_path_factory.mktemp("site")
    pip = ("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site))
    run(*pip, str(wheel), cwd=site)
    return site


def test_installed_wheel_finds_its_resources_inside_the_package(elsewhere: Path) -> None:
    script = """if True:
        from townhall import resources
        for folder in (resources.templates(), resources.static(), resources.locale()):
            print(folder, any(folder.rglob("*.*")))
    """
    printed = run("-c", script, cwd=elsewhere, path=elsewhere)
    expected = [f"{elsewhere / 'townhall' / name} True" for name in (*BESIDE, "locale")]
    assert printed.splitlines() == expected


def test_installed_wheel_serves_the_home_page(elsewhere: Path, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{(port := free_port())}"
    factory = ("-m", "uvicorn", "--factory", "townhall.app:create_app", "--port", str(port))
    env = {
        "PYTHONPATH": str(elsewhere),
        "TOWNHALL_DATABASE_URL": f"sqlite:///{tmp_path / 'townhall.db'}",
        "TOWNHALL_PORT": str(port),
    }
    log = tmp_path / "server.log"

    def answers() -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{address}/healthz").status_code == 200
        return False

    process = spawn((sys.executable, *factory), log, env, cwd=tmp_path)
    try:
        wait_until(answers, process, log)
        page = httpx.get(address, headers={"accept-language": "ko"})
        named = re.findall(r"(?:src|href)=\"(/static/[^\"]+)\"", page.text)
        served = {name: httpx.get(address + name).status_code for name in named}
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert page.status_code == 200
    assert '<html lang="ko"' in page.text
    assert served
    assert set(served.values()) == {200}
