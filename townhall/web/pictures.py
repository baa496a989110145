"""Pictures that people send, made anew: turned upright, scaled down, without what cameras add.

Belongs here: the one place that opens an uploaded file. Does not belong here: keeping it
(`actions`). What comes out was written by us, whatever went in.
"""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageOps

from townhall.domain.drafts import Picture
from townhall.domain.errors import Refused

LARGEST_BYTES = 300 * 1024
_LONGEST_SIDE = 1_600
_MOST_PIXELS = 60_000_000
_MOST_UNPACKED = 24_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_QUALITIES = (85, 75, 60, 45)

# A picture unpacks to hundreds of megabytes; one at a time keeps a wave of them from filling the
# memory.
_REMAKING = ThreadPoolExecutor(1, thread_name_prefix="picture")

# The size is checked below, before any pixel is read; Pillow's own check would only warn.
Image.MAX_IMAGE_PIXELS = None


async def remade(data: bytes) -> Picture:
    """A picture as we keep it: JPEG, at most 1,600 pixels a side and 300 KB.

    Refuses `picture_unreadable` for anything but a JPEG of at most 60 million pixels, or a PNG,
    WebP or GIF of at most 24 million; of an animation the first picture is kept.
    """
    return await asyncio.get_running_loop().run_in_executor(_REMAKING, _remade, data)


def _remade(data: bytes) -> Picture:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as found:
            packed = found.width * found.height
            found.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
            # A JPEG unpacks to a fraction of itself, the others to every pixel they have.
            if packed > _MOST_PIXELS or found.width * found.height > _MOST_UNPACKED:
                raise Refused("picture_unreadable", field="image")
            small: Image.Image = found
            if found.mode not in {"RGB", "RGBA"}:
                small = found.convert("RGBA")
            small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            flat = _flat(ImageOps.exif_transpose(small))
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise Refused("picture_unreadable", field="image") from error
    return _small_enough(flat)


def _flat(image: Image.Image) -> Image.Image:
    """Without transparency: on white, as the page around it."""
    if image.mode == "RGB":
        return image
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image).convert("RGB")


def _small_enough(image: Image.Image) -> Picture:
    """The best quality that fits; noise that fits at none is halved until it does."""
    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
            if out.tell() <= LARGEST_BYTES:
                return Picture("image/jpeg", image.width, image.height, out.getvalue())
        image = image.reduce(2)
