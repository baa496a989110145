"""A copy on its way into a file: private from the start, and there only when it is complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def private(part: Path) -> Iterator[None]:
    """A new empty file that nobody else may read; gone at the end, unless it was moved."""
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield
    finally:
        part.unlink(missing_ok=True)


def durable(part: Path, file: Path) -> None:
    """Give a finished file its name, and come back when both are on the disk."""
    _flush(part)
    part.replace(file)
    _flush(file.parent)


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def belongs_as(part: Path, model: Path) -> None:
    """Give a file the owner of what it replaces: the server may run as somebody else."""
    found = model.stat()
    with suppress(PermissionError):
        os.chown(part, found.st_uid, found.st_gid)
