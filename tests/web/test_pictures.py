"""Pictures that people send: what they may cost, and what is kept of them."""

import asyncio
import io
import time

import pytest
from PIL import Image

from townhall.domain.errors import Refused
from townhall.web import pictures


def saved(image: Image.Image, shape: str, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, shape, **more)
    return out.getvalue()


async def test_ten_uploads_at_once_are_unpacked_one_after_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside: list[int] = []
    most: list[int] = []

    def slow(data: bytes) -> bytes:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return data

    monkeypatch.setattr(pictures, "_remade", slow)
    await asyncio.gather(*(pictures.remade(b"x") for _ in range(10)))
    assert (len(most), max(most)) == (10, 1)


async def test_a_small_file_of_many_pixels_is_never_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bomb = saved(Image.new("1", (7_700, 7_700)), "PNG")
    assert len(bomb) < 300 * 1024
    monkeypatch.setattr(Image.Image, "thumbnail", lambda *_: pytest.fail("unpacked"))
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(Refused, match="picture_unreadable"):
        await pictures.remade(bomb)


async def test_a_large_photo_of_a_phone_is_taken() -> None:
    photo = saved(Image.new("L", (8_160, 6_120)), "JPEG")
    kept = await pictures.remade(photo)
    assert (kept.width, kept.height) == (1_600, 1_200)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "RGB"])
async def test_every_kind_of_picture_comes_out_upright_and_scaled(mode: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    kept = await pictures.remade(saved(Image.new(mode, (3_200, 800)), "PNG", exif=exif))
    assert (kept.width, kept.height) == (400, 1_600)


async def test_what_was_transparent_becomes_white() -> None:
    kept = await pictures.remade(saved(Image.new("RGBA", (8, 8), (200, 0, 0, 0)), "PNG"))
    with Image.open(io.BytesIO(kept.data)) as shown:
        assert shown.getpixel((4, 4)) == (255, 255, 255)
