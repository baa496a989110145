"""Cookies: one a browser for the account, one for each screen of a forum, one for its forms.

Each screen keeps a session of its own, so one browser may be a phone in one tab and a stage in
the next. On https every name carries the `__Host-` prefix; on a plain-http local network browsers
would refuse that, so the prefix and `Secure` are left off.
"""

import base64
import hmac
import json
import secrets
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

Screen = Literal["account", "phone", "desk", "console", "stage", "panel"]

_TRIED: dict[Screen, tuple[Screen, ...]] = {
    "account": ("account",),
    "phone": ("phone",),
    "desk": ("desk",),
    "console": ("console", "account"),
    "stage": ("stage", "console", "account"),
    "panel": ("panel",),
}
SCREEN_OF_ROLE: dict[str, Screen] = {
    "open": "phone",
    "seated": "phone",
    "facilitator": "desk",
    "moderator": "console",
    "stage": "stage",
    "panelist": "panel",
}
SCREENS: tuple[Screen, ...] = tuple(_TRIED)
_YEAR = 31_536_000


class Cookies:
    """What one request carries and one response sets."""

    def __init__(self, request: Request, *, secure: bool) -> None:
        self.sent = request.cookies
        self.secure = secure or request.url.scheme == "https"
        self._set: list[tuple[str, str, int | None]] = []

    def tokens(self, screen: Screen, code: str) -> list[str]:
        """The session tokens to try for a screen of a forum, best first."""
        names = (self._session(tried, code) for tried in _TRIED[screen])
        return [self.sent[name] for name in names if name in self.sent]

    def keep_session(self, screen: Screen, code: str, token: str, seconds: int) -> None:
        """Remember a session on this browser."""
        self._set.append((self._session(screen, code), token, seconds))

    def drop_session(self, screen: Screen, code: str) -> None:
        """Forget a session on this browser."""
        self._set.append((self._session(screen, code), "", 0))

    def keep_language(self, lang: str) -> None:
        """Remember the language that was asked for."""
        self._set.append(("lang", lang, _YEAR))

    @property
    def language(self) -> str | None:
        """The language that was asked for before."""
        return self.sent.get("lang")

    def form_key(self) -> str:
        """What this browser's forms are bound to, drawn at its first form."""
        name = self._named("form")
        found = self.sent.get(name) or next((v for n, v, _ in self._set if n == name), "")
        if not found:
            found = secrets.token_urlsafe(16)
            self._set.append((name, found, None))
        return found

    def known_form_key(self) -> str | None:
        """The same, if the browser sent it."""
        return self.sent.get(self._named("form"))

    def renew_form_key(self) -> None:
        """Bind forms anew: whoever signs in or out leaves the old forms behind."""
        self._set.append((self._named("form"), secrets.token_urlsafe(16), None))

    def keep_notice(self, notice: dict[str, Any], secret: str) -> None:
        """A message for the next page, signed, since it is shown as our own words."""
        body = base64.urlsafe_b64encode(json.dumps(notice, ensure_ascii=False).encode()).decode()
        self._set.append((self._named("notice"), f"{body}.{_sign(body, secret)}", 60))

    def take_notice(self, secret: str) -> dict[str, Any] | None:
        """The message of the last page, once."""
        sent = self.sent.get(self._named("notice"))
        if not sent:
            return None
        self._set.append((self._named("notice"), "", 0))
        body, _, signature = sent.rpartition(".")
        if not hmac.compare_digest(signature.encode(), _sign(body, secret).encode()):
            return None
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body))
        return found

    def write(self, response: Response) -> None:
        """Put what was set onto a response."""
        for name, value, seconds in self._set:
            response.set_cookie(
                name,
                value,
                max_age=seconds,
                path="/",
                secure=self.secure,
                httponly=True,
                samesite="lax",
            )

    def _session(self, screen: Screen, code: str) -> str:
        return self._named() if screen == "account" else self._named(code, screen)

    def _named(self, *parts: str) -> str:
        return "-".join(("__Host-townhall" if self.secure else "townhall", *parts))


def form_token(key: str, secret: str) -> str:
    """A form's token, different on every page, so that compression gives nothing away."""
    salt = secrets.token_urlsafe(9)
    return f"{salt}.{_sign(f'{salt}.{key}', secret)}"


def form_token_fits(token: str, key: str | None, secret: str) -> bool:
    """Whether a form was made for this browser."""
    salt, _, signature = token.partition(".")
    wanted = _sign(f"{salt}.{key}", secret)
    return bool(key) and hmac.compare_digest(signature.encode(), wanted.encode())


def _sign(body: str, secret: str) -> str:
    return hmac.new(secret.encode(), b"form:" + body.encode(), "sha256").hexdigest()[:32]
