"""What a power cut would leave of an SQLite file: all that is written to it and flushed, in order.

`noted` puts a layer between SQLite and the files of one database, in this process: the default VFS
copied, with the functions that open, delete, write, truncate and flush replaced by some that pass
on and take a note. `Disk` plays the notes again, up to any of them. SQLite does not know. The index
of its log (`-shm`) is left out: it is mapped and never flushed, and made anew from the log.
"""

import _sqlite3
import ctypes
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ctypes import CFUNCTYPE, byref, c_char_p, c_int, c_int64, c_void_p, memmove, sizeof
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

SECTOR = 512
"""A disk writes so many bytes wholly or not at all, and leaves the others alone."""

_OK = 0


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes that were handed to the system, which may keep them for a while."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    """A file was made so long; this waits for a flush like any bytes."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Flushed:
    """All that was noted of a file before the note of this number is on disk."""

    file: str
    before: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """A file is gone, at once: nobody here knows how long a folder waits."""

    file: str


Note = Written | Truncated | Flushed | Deleted
Log = list[Any]
"""Notes in the order in which they came true, and whatever a test puts between them."""


class Disk:
    """The files of a database on a disk that loses its power; `take` the notes one by one."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._flushed = {name: bytearray(data) for name, data in files.items()}
        self._waiting: dict[str, list[tuple[int, Written | Truncated]]] = defaultdict(list)

    def take(self, number: int, note: Note) -> None:
        """The note of this number came true."""
        if isinstance(note, Deleted):
            self._flushed.pop(note.file, None)
            self._waiting.pop(note.file, None)
        elif isinstance(note, Flushed):
            waiting = self._waiting.pop(note.file, [])
            self._flushed.setdefault(note.file, bytearray())
            for n, each in waiting:
                if n < note.before:
                    _apply(self._flushed[note.file], each, lambda: True)
                else:
                    self._waiting[note.file].append((n, each))
        else:
            self._waiting[note.file].append((number, note))

    def after_cut(self, arrives: Callable[[], bool]) -> dict[str, bytearray]:
        """The files as the power left them: what was flushed, and of the rest each sector that
        `arrives()`, since a disk takes them in any order.
        """
        files = {name: bytearray(data) for name, data in self._flushed.items()}
        for name, waiting in self._waiting.items():
            for _, each in waiting:
                _apply(files.setdefault(name, bytearray()), each, arrives)
        return files


def _apply(image: bytearray, note: Written | Truncated, arrives: Callable[[], bool]) -> None:
    if isinstance(note, Truncated):
        if arrives():
            _resize(image, note.size)
        return
    begin, end = note.offset, note.offset + len(note.data)
    while begin < end:
        until = min(end, (begin // SECTOR + 1) * SECTOR)
        if arrives():
            _resize(image, max(until, len(image)))
            image[begin:until] = note.data[begin - note.offset : until - note.offset]
        begin = until


def _resize(image: bytearray, size: int) -> None:
    del image[size:]
    image.extend(bytes(size - len(image)))


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`; FURTHER says how many functions follow in each of its versions."""

    FURTHER: ClassVar = {1: 10, 2: 11, 3: 14}
    _fields_: ClassVar = [
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        ("further", c_void_p * 14),
    ]


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`, the same way."""

    FURTHER: ClassVar = {1: 7, 2: 11, 3: 13}
    _fields_: ClassVar = [
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", c_void_p),
        ("truncate", c_void_p),
        ("sync", c_void_p),
        ("further", c_void_p * 13),
    ]


_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_Delete = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)

_T = TypeVar("_T", _Vfs, _Methods)


def _copy(kind: type[_T], address: int) -> _T:
    """As much of a table as its version has, and no more than is known here."""
    copy = kind()
    version = min(c_int.from_address(address).value, max(kind.FURTHER))
    further = sizeof(c_void_p) * kind.FURTHER[version]
    memmove(byref(copy), address, sizeof(kind) - sizeof(copy.further) + further)
    copy.version = version
    return copy


def _address(function: Any) -> int | None:
    return ctypes.cast(function, c_void_p).value


class _Layer:
    """A VFS that takes notes of the files of one database and passes everything on."""

    def __init__(self, original: int, database: Path, log: Log) -> None:
        self._original, self._database, self._log = original, str(database), log
        below = _Vfs.from_address(original)
        self._open, self._delete = _Open(below.open), _Delete(below.delete)
        self._methods: dict[tuple[str, int], _Methods] = {}
        self._functions: list[Any] = [_Open(self._opened), _Delete(self._deleted)]
        self.vfs = _copy(_Vfs, original)
        self.vfs.name = b"flushed"
        self.vfs.open, self.vfs.delete = map(_address, self._functions)

    def _named(self, name: int | None) -> str | None:
        """What follows the path of the database in a file's name: "", "-wal" or "-journal"."""
        path = ctypes.string_at(name).decode() if name else ""
        return path[len(self._database) :] if path.startswith(self._database) else None

    def _opened(self, _vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        code: int = self._open(self._original, name, file, flags, out)
        methods = c_void_p.from_address(file)
        if code == _OK and methods.value and (end := self._named(name)) is not None:
            methods.value = ctypes.addressof(self._noting(end, methods.value))
        return code

    def _deleted(self, _vfs: int, name: int, durably: int) -> int:
        code: int = self._delete(self._original, name, durably)
        if code == _OK and (end := self._named(name)) is not None:
            self._log.append(Deleted(end))
        return code

    def _noting(self, end: str, address: int) -> _Methods:
        """The functions of an open file, three of which take notes."""
        if (end, address) in self._methods:
            return self._methods[end, address]
        log, methods = self._log, _copy(_Methods, address)
        below = _Write(methods.write), _Truncate(methods.truncate), _Sync(methods.sync)

        def write(file: int, data: int, size: int, offset: int) -> int:
            code: int = below[0](file, data, size, offset)
            if code == _OK:
                log.append(Written(end, offset, ctypes.string_at(data, size)))
            return code

        def truncate(file: int, size: int) -> int:
            code: int = below[1](file, size)
            if code == _OK:
                log.append(Truncated(end, size))
            return code

        def sync(file: int, flags: int) -> int:
            before = len(log)
            code: int = below[2](file, flags)
            if code == _OK:
                log.append(Flushed(end, before))
            return code

        functions = _Write(write), _Truncate(truncate), _Sync(sync)
        methods.write, methods.truncate, methods.sync = map(_address, functions)
        self._functions += functions
        self._methods[end, address] = methods
        return methods


_layers: list[_Layer] = []
"""Kept for ever: a connection that somebody opened meanwhile goes on using its layer."""


def library() -> ctypes.CDLL | None:
    """The SQLite that Python's own module uses, which is looked up as that module does; None where
    it is built in without names.
    """
    found = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    return found if hasattr(found, "sqlite3_vfs_register") else None


@contextmanager
def noted(database: Path) -> Iterator[Log]:
    """Note what happens to a database's files from now on; its connections end before this does."""
    sqlite = library()
    assert sqlite is not None
    sqlite.sqlite3_vfs_find.restype = c_void_p
    log: Log = []
    layer = _Layer(sqlite.sqlite3_vfs_find(None), database, log)
    _layers.append(layer)
    assert sqlite.sqlite3_vfs_register(byref(layer.vfs), 1) == _OK
    try:
        yield log
    finally:
        assert sqlite.sqlite3_vfs_unregister(byref(layer.vfs)) == _OK
