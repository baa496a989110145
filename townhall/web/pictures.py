"""Pictures that people send, made anew: turned upright, scaled down, without what cameras add.

Belongs here: the one place that opens an uploaded file. Does not belong here: keeping it
(`actions`). What comes out was written by us, whatever went in.
"""

import io

from anyio import to_thread
from PIL import Image, ImageOps

from townhall.domain.drafts import Picture
from townhall.domain.errors import Refused

LARGEST_BYTES = 300 * 1024
_LONGEST_SIDE = 1_600
_MOST_PIXELS = 60_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_QUALITIES = (85, 75, 60, 45)

# The size is checked below, before any pixel is read; Pillow's own check would only warn.
Image.MAX_IMAGE_PIXELS = None


async def remade(data: bytes) -> Picture:
    """A picture as we keep it: JPEG, at most 1,600 pixels a side and 300 KB.

    Refuses `picture_unreadable` for anything but a JPEG, PNG, WebP or GIF of at most 60 million
    pixels; of an animation the first picture is kept.
    """
    return await to_thread.run_sync(_remade, data)


def _remade(data: bytes) -> Picture:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as found:
            if found.width * found.height > _MOST_PIXELS:
                raise Refused("picture_unreadable", field="image")
            found.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
            flat = _flat(ImageOps.exif_transpose(found))
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise Refused("picture_unreadable", field="image") from error
    flat.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    return _small_enough(flat)


def _flat(image: Image.Image) -> Image.Image:
    """Without transparency: on white, as the page around it."""
    if image.mode == "RGB":
        return image.copy()
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


def _small_enough(image: Image.Image) -> Picture:
    """The best quality that fits; noise that fits at none is halved until it does."""
    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
            if out.tell() <= LARGEST_BYTES:
                return Picture("image/jpeg", image.width, image.height, out.getvalue())
        image = image.reduce(2)
