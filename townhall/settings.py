"""Every setting once: its name, type, default and what it is for.

Belongs here: what an operator may choose, read from `TOWNHALL_*` variables. Does not belong
here: what follows from a choice (the rooms decide that). May call nothing of ours.
"""

from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Listed = Annotated[tuple[str, ...], NoDecode]
"""A setting of several values, written with commas between them."""


class Settings(BaseSettings):
    """The settings of one installation. Each description is the help that people read."""

    model_config = SettingsConfigDict(env_prefix="TOWNHALL_", frozen=True, extra="forbid")

    database_url: str = Field(
        default="sqlite:///var/townhall.db",
        description="Where everything is kept: sqlite:///PATH, or postgresql://…",
    )
    redis_url: str | None = Field(
        default=None,
        description="redis://… over which processes hear of each other's changes; one needs none",
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="How many processes share the port; from 2 on PostgreSQL and Redis are needed",
    )
    public_url: str | None = Field(
        default=None,
        description="How phones reach this server, for links, QR codes and the Host check",
    )
    host: str = Field(
        default="127.0.0.1", description="The address to listen on; 0.0.0.0 for a network"
    )
    port: int = Field(
        default=8000, ge=0, le=65535, description="The port to listen on; 0 takes a free one"
    )
    secret: str | None = Field(
        default=None,
        min_length=16,
        description="Signs page tokens; drawn and kept in the database if none",
    )
    allowed_origins: Listed = Field(
        default=(),
        description="Further origins that may post and open sockets, with commas between",
    )
    trusted_proxies: Listed = Field(
        default=(),
        description="Addresses of reverse proxies whose X-Forwarded headers are believed",
    )
    session_days: int = Field(
        default=30,
        ge=1,
        le=400,
        description="How many days a sign-in, a card or a link stays valid",
    )
    metrics_token: str | None = Field(
        default=None,
        min_length=16,
        max_length=200,
        description="Opens /metrics to whoever shows it as a bearer; without it, to our commands",
    )
    language: Literal["ko", "en"] = Field(
        default="ko",
        description="The language of people whose browser asks for neither Korean nor English",
    )
    timezone: str = Field(
        default="Asia/Seoul", description="The time zone in which times are shown"
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="Log lines for people (console) or for machines (json)"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important line that is still logged"
    )

    @field_validator("allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "redis:")
        if parts.scheme not in {"redis", "rediss", "unix"} or parts.port == 0:
            raise ValueError("must be redis://HOST:PORT/0, rediss://… or unix://…")
        return value or None

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise ValueError("must be http://HOST or https://HOST, without a path")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("is not a time zone such as Asia/Seoul") from error
        return value

    @property
    def address(self) -> str:
        """How people reach this server, as far as it knows."""
        return self.public_url or self.local

    @property
    def local(self) -> str:
        """How this machine itself reaches the server, which may listen on all its addresses."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104
        return f"http://{host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether people reach this server by https."""
        return bool(self.public_url and self.public_url.startswith("https://"))
