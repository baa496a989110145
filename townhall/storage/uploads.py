"""Pictures that people uploaded, already re-encoded by the door that took them."""

from sqlmodel import Session, select

from townhall.domain.drafts import Picture
from townhall.storage.schema import Upload


def add(session: Session, picture: Picture, token: str, now: int) -> int:
    """Keep an image under a random token."""
    made = Upload(
        token=token,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        data=picture.data,
        created_at=now,
    )
    session.add(made)
    session.flush()
    assert made.id is not None
    return made.id


def get(session: Session, token: str) -> Picture | None:
    """The image of a token."""
    found = session.exec(select(Upload).where(Upload.token == token)).first()
    if found is None:
        return None
    return Picture(found.media_type, found.width, found.height, found.data)


def shape(session: Session, upload: int | None) -> tuple[int, int] | None:
    """Width and height of an image, without its bytes."""
    if upload is None:
        return None
    return session.exec(select(Upload.width, Upload.height).where(Upload.id == upload)).first()
