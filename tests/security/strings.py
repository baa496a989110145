"""The corpus: things that people and attackers put into text fields, each with a name.

A payload that ran would open a dialog or set `window.broken`; one that loads something asks a
host that is not ours. `kept` says what the house makes of a string that it accepts.
"""

from collections.abc import Mapping

from townhall.domain import text
from townhall.domain.errors import Refused

STRINGS: Mapping[str, str] = {
    # First, because a form that takes something once must be seen to refuse this before.
    "too_long": "끝없는 이야기 " * 400,
    "far_too_long": "x" * 12_000,
    "empty": "",
    "blank": " \t\n\r\n\u3000\u00a0\u2003 ",
    "invisible": "\u200b\u200e\u2060\ufeff\u3164\u115f",
    "lone_surrogate": "반쪽 \ud83d 그림",
    "nul_and_control": "소리\x00 없는\x07 글\x1b[31m자\x7f\x9b",
    "line_ends": "한 줄\r\n두 줄\u2028세 줄\u2029네 줄\x0b다섯 줄",
    "bidi_override": "반대 \u202egnihtemos\u202c \u2066\u2067표\u2069 \u200f끝",
    "zero_width": "찬\u200b성\u2060합\ufeff니\u200c다\u00ad",
    "zwj_emoji": "가족 👨\u200d👩\u200d👧\u200d👦 깃발 🏴"
    "\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f ❤️",
    "zalgo": "Z" + "\u0310\u0352\u0311\u034c\u0307\u0333" * 12 + "algo 글" + "\u0489" * 30 + "자",
    "html": "<b>굵게</b> <h1>제목</h1><style>*{display:none}</style><a href=//evil.test>여기</a>",
    "unclosed": "</main></body></html></textarea></title><!-- <plaintext><table>",
    "script": "<script>window.broken=1;alert(1)</script><script src=//evil.test/x.js></script>",
    "svg": "<svg onload=window.broken=2><animate onbegin=alert(2) attributeName=x dur=1s>",
    "img": '"><img src=x onerror=window.broken=3;alert(3)><img src=//evil.test/i.png>',
    "attribute": "' onfocus=alert(4) autofocus tabindex=1 x='\" onmouseover=window.broken=4 \"",
    "markdown": "[열기](javascript:alert(5)) ![그림](//evil.test/m.png) <javascript:alert(5)> `x`",
    "markdown_blocks": "# 큰 제목\n> > 인용\n- 하나\n\n| a | b |\n|---|---|\n"
    "| <script>alert(6)</script> | 2 |",
    "javascript_link": "javascript:alert(7)//https://hall.test",
    "data_link": "data:text/html;base64,PHNjcmlwdD5hbGVydCg4KTwvc2NyaXB0Pg==",
    "formula": '=HYPERLINK("http://evil.test","눌러요")',
    "formula_at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula_minus": "-1+1+cmd|' /C calc'!A0",
    "jinja": "{{7*7}} {% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "templates": "${7*7} #{7*7} <%= 7*7 %> {name} {0.__class__} %(a)s %s $t(refused.sign_in)",
    "sql": "'; DROP TABLE proposal; -- \" OR 1=1 /* \\' %_",
    "path": "../../../../etc/passwd\\..\\..\\..%2e%2e%2f%00",
    "json_break": '</script><script>alert(9)</script>\u2028"}],"x":[<!--<script>',
    "long_word": "가나다라마바사" * 5,
    "long_latin": "LlanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogochWWWWWWWWWWWWWW",
    "wide": "W" * 20,
    "arabic": "مرحبا بكم في المنتدى (الساعة 7)",
    "hebrew": "ברוכים הבאים, 3 הצעות",
    "jamo": "\u1112\u1161\u11ab\u1100\u1173\u11af 조합형",
    "raw_key": "refused.sign_in",
    "number": "1e309",
}
"""Every string by its name."""


def kept(name: str, limit: int, *, lines: bool = False) -> str | None:
    """A string as the house stores it in a field of `limit` letters; None where it is refused."""
    try:
        return text.clean(STRINGS[name], limit, lines=lines)
    except Refused:
        return None


def accepted(limit: int, *, lines: bool = False) -> dict[str, str]:
    """Every string that a required field of `limit` letters takes, as it is then stored."""
    found = {name: kept(name, limit, lines=lines) for name in STRINGS}
    return {name: text for name, text in found.items() if text is not None}
