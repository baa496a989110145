"""Pictures that people send, made ours: decoded, turned upright, made smaller, encoded anew.

Belongs here: what becomes of an image's bytes. Does not belong here: storing it
(`actions.proposals`). Nothing of the file that was sent survives but its pixels.
"""

import asyncio
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from townhall.domain.errors import Refused

MOST_BYTES = 300 * 1024
MOST_SENT = 8 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 1600
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


@dataclass(frozen=True)
class Picture:
    """An image ready to store: at most 300 KB, at most 1600 pixels a side."""

    data: bytes
    media_type: str
    width: int
    height: int


async def picture(data: bytes) -> Picture:
    """The image of these bytes. Refuses `image_too_large` (most, MB) and `image_unreadable`."""
    if len(data) > MOST_SENT:
        raise Refused("image_too_large", most=MOST_SENT // 1024 // 1024)
    return await asyncio.to_thread(_encode, data)


def _encode(data: bytes) -> Picture:
    image = _decode(data)
    side = LONGEST_SIDE
    while True:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in (82, 70, 55):
            out = io.BytesIO()
            image.save(out, "WEBP", quality=quality, method=4)
            if out.tell() <= MOST_BYTES:
                return Picture(out.getvalue(), "image/webp", image.width, image.height)
        side = side * 3 // 4


def _decode(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                # The size stands in the header; refuse it before the pixels take memory.
                if image.width * image.height > MOST_PIXELS:
                    raise Refused("image_too_large", most=MOST_SENT // 1024 // 1024)
                image.draft("RGB", (LONGEST_SIDE * 2, LONGEST_SIDE * 2))
                upright = ImageOps.exif_transpose(image)
                return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Refused("image_unreadable") from error
