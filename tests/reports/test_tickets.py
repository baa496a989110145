"""Tickets as a PDF: as many sheets as they need, and people's words never run as markup."""

import re
from dataclasses import replace

from townhall.reports import tickets

CARD = tickets.Card(
    large="3",
    unit="모둠",
    lines=("5번 자리", "2026년 11월 28일 (토)", "오후 2:00"),
    how=("카메라로 비추면 바로 들어가요.", "안 되면 townhall.example에서 123 456"),
    code=("0123 4567 89ab cdef", "0123 4567 89ab cdef"),
    url="https://townhall.example/f/123456#k=0123456789abcdef0123456789abcdef",
)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def made(*cards: tickets.Card, title: str = "작은도서관 열린토론회") -> bytes:
    return tickets.pdf(title, "내 번호", "ko", cards)


def test_eight_tickets_share_a_sheet() -> None:
    assert [pages(made(*[CARD] * n)) for n in (1, 8, 9, 17)] == [1, 1, 2, 3]


def test_the_same_tickets_give_the_same_bytes() -> None:
    assert made(CARD) == made(CARD)
    other = replace(CARD, url=CARD.url.replace("k=0", "k=1"))
    assert made(CARD) != made(other)


def test_a_title_is_set_as_text() -> None:
    assert pages(made(CARD, title='#panic("run") *x* $ _ ] ` </svg> ' + "긴 제목 " * 40)) == 1


def test_the_korean_font_of_the_house_is_embedded() -> None:
    assert b"Pretendard" in made(CARD)
