"""Where templates, static files and catalogues lie, in a checkout and in an installed wheel.

Belongs here: the three folders and how to find them. Does not belong here: reading them
(`web` renders templates, serves files and loads catalogues). May call nothing of ours.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def templates() -> Path:
    """The folder of Jinja templates."""
    return _inside_or_beside("templates")


def static() -> Path:
    """The folder of files the browser loads: css, js, fonts, vendor."""
    return _inside_or_beside("static")


def locale() -> Path:
    """The folder with one folder of catalogues a language (`ko/`, `en/`)."""
    return _PACKAGE / "locale"


def _inside_or_beside(name: str) -> Path:
    """A wheel carries the folder inside the package; a checkout has it beside the package."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
