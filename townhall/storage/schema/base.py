"""Column shapes that every table shares, and the naming convention migrations rely on."""

from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel

# Table classes do not validate, so that what would validate them need not be built at start.
SQLModel.model_config["defer_build"] = True
metadata = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

LARGEST_ID = 2**31 - 1
"""An address may hold any number; a key column of PostgreSQL may not."""


def moment(*, index: bool = False) -> Any:
    """A required time, in epoch milliseconds."""
    return Field(sa_type=BigInteger, index=index)


def maybe(*, index: bool = False) -> Any:
    """A time that may not have come yet, in epoch milliseconds."""
    return Field(default=None, sa_type=BigInteger, index=index)


def document(default: type[dict[str, Any]] | type[list[Any]] = dict) -> Any:
    """A JSON column that is read and written as a whole."""
    return Field(default_factory=default, sa_type=JSON)
