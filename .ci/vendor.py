"""Copies the pinned browser files of static/vendor, static/fonts and tests/vendor from npm.

Run by a maintainer after changing a version below (`make vendor`); never by set-up or tests.
It writes static/vendor/manifest.json, which tests/house/test_vendored.py holds against the
files that lie there.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NPM = (sys.executable, "-m", "tests.servers.node", "npm")


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    licence: str
    files: dict[str, str]
    """Path in the package to path in the checkout; a trailing slash copies a folder."""


LIT_FILES = (
    "lit-html",
    "directive",
    "directive-helpers",
    "directives/class-map",
    "directives/live",
    "directives/repeat",
)

PACKAGES = (
    Package(
        "lit-html",
        "3.3.3",
        "BSD-3-Clause",
        {
            f"{name}{ending}": f"static/vendor/lit-html/{name}{ending}"
            for name in LIT_FILES
            for ending in (".js", ".d.ts")
        }
        | {"LICENSE": "static/vendor/lit-html/LICENSE"},
    ),
    Package(
        "socket.io-client",
        "4.8.4",
        "MIT",
        {
            "dist/socket.io.esm.min.js": "static/vendor/socket.io/socket.io.esm.min.js",
            "LICENSE": "static/vendor/socket.io/LICENSE",
        },
    ),
    Package(
        "pretendard",
        "1.3.9",
        "OFL-1.1",
        {
            "dist/web/variable/pretendardvariable-dynamic-subset.css": (
                "static/fonts/pretendard/pretendardvariable-dynamic-subset.css"
            ),
            "dist/web/variable/woff2-dynamic-subset/": (
                "static/fonts/pretendard/woff2-dynamic-subset/"
            ),
            "dist/public/static/Pretendard-Regular.otf": "static/fonts/Pretendard-Regular.otf",
            "dist/public/static/Pretendard-Bold.otf": "static/fonts/Pretendard-Bold.otf",
            "dist/LICENSE.txt": "static/fonts/pretendard/OFL.txt",
        },
    ),
    Package(
        "axe-core",
        "4.14.1",
        "MPL-2.0",
        {"axe.min.js": "tests/vendor/axe.min.js", "LICENSE": "tests/vendor/axe.LICENSE"},
    ),
)


def fetch(package: Package, into: Path) -> Path:
    """The unpacked npm package: `npm pack` checks the registry's own integrity hash."""
    wanted = f"{package.name}@{package.version}"
    subprocess.run(
        [*NPM, "pack", "--silent", "--pack-destination", str(into), wanted],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (archive,) = into.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")
    return into / "package"


def copy(source: Path, target: Path) -> list[Path]:
    """Copies a file or the files of a folder, and says what lies there now."""
    if not source.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        return [target]
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    return [
        copied for inner in sorted(source.iterdir()) for copied in copy(inner, target / inner.name)
    ]


def entry(package: Package, file: Path) -> dict[str, str]:
    digest = hashlib.sha384(file.read_bytes()).digest()
    return {
        "file": file.relative_to(ROOT).as_posix(),
        "package": package.name,
        "version": package.version,
        "licence": package.licence,
        "sha384": base64.b64encode(digest).decode(),
    }


def main() -> None:
    entries = []
    for package in PACKAGES:
        with tempfile.TemporaryDirectory() as scratch:
            unpacked = fetch(package, Path(scratch))
            for source, target in package.files.items():
                copied = copy(unpacked / source, ROOT / target)
                entries += [entry(package, file) for file in copied]
    manifest = ROOT / "static/vendor/manifest.json"
    manifest.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    print(f"{len(entries)} files copied; {manifest.relative_to(ROOT)} written.")


if __name__ == "__main__":
    main()
