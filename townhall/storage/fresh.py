"""Numbers of forums and questions that are never given twice, although rehearsals are deleted.

A running server remembers by number: the heads of a forum's chains, how a question was frozen.
PostgreSQL counts up for ever; SQLite begins again behind the highest row there is. So what is
deleted leaves its highest numbers among the facts of the installation.
"""

from sqlmodel import Session, col, func, select

from townhall.storage.schema import Forum, Instance, Question

_COUNTED = (Forum, Question)


def retire(session: Session) -> None:
    """Before rows are deleted: remember how far the numbers had come."""
    if session.get_bind().dialect.name != "sqlite":
        return
    for table in _COUNTED:
        highest = max(_highest(session, table), _retired(session, table))
        session.merge(Instance(key=_key(table), value=str(highest)))


def number(session: Session, table: type[Forum | Question]) -> int | None:
    """The number of a new row; None where the database's own next one was never used."""
    if session.get_bind().dialect.name != "sqlite":
        return None
    retired = _retired(session, table)
    return retired + 1 if retired > _highest(session, table) else None


def _highest(session: Session, table: type[Forum | Question]) -> int:
    return session.exec(select(func.max(col(table.id)))).one() or 0


def _retired(session: Session, table: type[Forum | Question]) -> int:
    found = session.get(Instance, _key(table))
    return int(found.value) if found is not None else 0


def _key(table: type[Forum | Question]) -> str:
    return f"last_{table.__name__.lower()}"
