"""Cleaning, counting, folding and shortening of what people write."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from townhall.domain import graphemes, text
from townhall.domain.errors import Refused

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
THUMB = "\U0001f44d\U0001f3fd"
KISS = "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468\U0001f3fe"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
KOREA = "\U0001f1f0\U0001f1f7"

# Letters of every trouble: marks, joiners, bidi controls, jamo, flags, tags, line breaks.
troubled = st.text(
    st.sampled_from(
        "a1#é가 각\u1100\u1161\u11a8\u0301\u0323\u200b\u200c\u200d\u200e"
        "\u202e\u2066\u2069\ufeff\u00ad"
        "\ufe0f\ufe0e\u20e3\U0001f468\U0001f3fd\u2764\U0001f1f0\U0001f3f4\U000e0067\U000e007f"
        "\t\n\r\u2028\u3000\u00a0\u3164\u115f\x00\x1b\x85\ud800\udc00\uffff\u0e33\u0903\u0600"
    ),
    max_size=30,
) | st.text(max_size=12)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("  작은도서관  ", "작은도서관"),
        ("\u1100\u1161\u11a8", "각"),
        ("e\u0301", "é"),
        ("one\ttwo\r\nthree  four", "one two three four"),
        ("one\u2028two\u3000three\u00a0four", "one two three four"),
        ("a\x00b\x1bc\x7fd\x85e", "abcd e"),
        ("pay\u202egnp.exe\u202c", "paygnp.exe"),
        ("\u2066isolate\u2069 \u200emark", "isolate mark"),
        ("zero\u200bwidth\u2060 \ufeffsoft\u00adhyphen", "zerowidth softhyphen"),
        ("가\u200d나", "가나"),
        (FAMILY, FAMILY),
        (f"{FAMILY}\u200d!", f"{FAMILY}!"),
        (KISS, KISS),
        (ENGLAND, ENGLAND),
        ("a\U000e0067\U000e007fb", "ab"),
        ("1\ufe0f\u20e3 \u2764\ufe0f a\ufe0f", "1\ufe0f\u20e3 \u2764\ufe0f a"),
        ("half\ud83d", "half\ufffd"),
        ("name\u3164\u115f\u2800", "name"),
        ("a" + "\u0301" * 40 + "b", "á" + "\u0301" * 5 + "b"),
        ("<b onclick=x>&amp;</b>", "<b onclick=x>&amp;</b>"),
        ("=1+2", "=1+2"),
    ],
)
def test_a_line_is_cleaned(raw: str, kept: str) -> None:
    assert text.clean(raw, 200) == kept


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("one  \r\ntwo\rthree", "one\ntwo\nthree"),
        ("one\n\n\n\n two\tthree", "one\n\n two three"),
        ("\n\n first\n\n", "first"),
    ],
)
def test_lines_keep_their_breaks(raw: str, kept: str) -> None:
    assert text.clean(raw, 200, lines=True) == kept


@pytest.mark.parametrize("raw", ["", "   ", "\u200b\u2060", "\u3164", "\ufe0f", "\u202e\n"])
def test_nothing_visible_is_refused_where_something_is_required(raw: str) -> None:
    with pytest.raises(Refused) as refusal:
        text.clean(raw, 10, field="title")
    assert (refusal.value.code, refusal.value.details) == ("text_empty", {"field": "title"})
    assert text.clean(raw, 10, required=False) == ""


def test_a_limit_counts_what_readers_count() -> None:
    assert text.clean(FAMILY * 3, 3) == FAMILY * 3
    with pytest.raises(Refused) as refusal:
        text.clean(FAMILY * 3 + "!", 3)
    assert refusal.value.code == "text_too_long"
    assert refusal.value.details == {"field": "text", "limit": 3, "length": 4}


def test_one_endless_emoji_is_too_long_all_the_same() -> None:
    with pytest.raises(Refused) as refusal:
        text.clean("\u200d".join("\U0001f468" * 100), 10)
    assert refusal.value.details == {"field": "text", "limit": 10, "length": 13}


@settings(max_examples=300)
@given(troubled, st.booleans())
def test_cleaning_again_changes_nothing(raw: str, lines: bool) -> None:
    kept = text.clean(raw, 500, lines=lines, required=False)
    assert text.clean(kept, 500, lines=lines, required=False) == kept


@settings(max_examples=300)
@given(troubled)
def test_a_cleaned_line_is_composed_and_holds_no_controls(raw: str) -> None:
    kept = text.clean(raw, 500, required=False)
    assert unicodedata.is_normalized("NFC", kept)
    assert not {unicodedata.category(char) for char in kept} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(kept) & set("\u200b\u202e\u2066\u2069\ufeff")
    kept.encode()


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("a\r\nb", 3),
        ("작은도서관", 5),
        ("\u1100\u1161\u11a8\u1100\u1161", 2),
        ("가\u11a8", 1),
        ("각\u11a8", 1),
        ("각\u1161", 2),
        ("가\u1161", 1),
        ("\u1100가", 1),
        ("e\u0301\u0323", 1),
        ("\u0e01\u0e33", 1),
        ("\u0915\u0903", 1),
        (FAMILY, 1),
        (f"{FAMILY}{FAMILY}", 2),
        (THUMB, 1),
        ("\U0001f468\u200da", 2),
        ("\u00a9\ufe0f", 1),
        ("1\ufe0f\u20e3", 1),
        (KOREA, 1),
        (KOREA + KOREA, 2),
        (KOREA + "\U0001f1f0", 2),
        (f"{KOREA}a{KOREA}", 3),
        (ENGLAND, 1),
        ("\u06001", 1),
        ("\u0600\n", 2),
        ("\n\u0301", 2),
        ("\x00\u0301", 2),
        ("é\r\n", 2),
        ("\u2028가", 2),
    ],
)
def test_graphemes_are_counted(raw: str, count: int) -> None:
    assert text.length(raw) == count
    assert len(list(graphemes.split(raw))) == count


@given(troubled)
def test_graphemes_joined_again_are_the_text(raw: str) -> None:
    assert "".join(graphemes.split(raw)) == raw


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("  Small\u3000 LIBRARY\n", "small library"),
        ("ﾃﾞﾓＡ①", "デモa1"),
        ("Straße", "strasse"),
        ("\u1103\u1169서관", "도서관"),
    ],
)
def test_folding_makes_spellings_equal(raw: str, folded: str) -> None:
    assert text.fold(raw) == folded


@given(troubled)
def test_folding_again_changes_nothing(raw: str) -> None:
    assert text.fold(text.fold(raw)) == text.fold(raw)


@pytest.mark.parametrize(
    ("raw", "limit", "shown"),
    [
        ("작은 도서관", 6, "작은 도서관"),
        ("작은\n\n도서관", 6, "작은 도서관"),
        ("문 여는 날을 골목에서 봐요", 10, "문 여는 날을…"),
        ("작은도서관개방알림판", 5, "작은도서…"),
        ("가 나다라마바사아자", 6, "가 나다라…"),
        (FAMILY * 3, 2, FAMILY + "…"),
    ],
)
def test_an_excerpt_ends_with_a_word_where_it_can(raw: str, limit: int, shown: str) -> None:
    assert text.excerpt(raw, limit) == shown
