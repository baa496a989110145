"""The same hall, door and browser as the tests of the web door."""

from tests.web.conftest import app, browser, clock, hall

__all__ = ["app", "browser", "clock", "hall"]
