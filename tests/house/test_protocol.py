"""docs/protocol.md against the code: events, fields, rates, slices and refusal codes."""

import re

from tests.house.sources import ROOT, files, listed
from townhall.domain.audience import RIGHTS
from townhall.events import EVENTS
from townhall.screens.slices import SLICES

PROTOCOL = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")


def section(event: str) -> str:
    """What the protocol says about one event, up to the next heading."""
    found = re.search(rf"^#+ `{event}`.*?(?=^#|\Z)", PROTOCOL, re.MULTILINE | re.DOTALL)
    return found.group() if found else ""


def codes() -> set[str]:
    """Every refusal code that a source names."""
    texts = [file.read_text(encoding="utf-8") for file in files(".py", under=("townhall",))]
    return {code for text in texts for code in re.findall(r"Refused\(\s*\"(\w+)\"", text)}


def test_protocol_has_a_section_for_every_event_and_no_other() -> None:
    documented = set(re.findall(r"^#+ `(\w+)`", PROTOCOL, re.MULTILINE))
    assert documented == EVENTS.keys()


def test_protocol_names_every_field_of_every_event() -> None:
    missing = [
        f"{name}: {field}"
        for name, event in EVENTS.items()
        for field in event.payload.model_fields
        if f"`{field}`" not in section(name)
    ]
    assert not missing, listed(missing)


def test_protocol_names_the_rate_of_every_event() -> None:
    missing = [
        f"{name}: {event.rate:g} a second, burst {event.burst}"
        for name, event in EVENTS.items()
        if f"{event.rate:g} a second, burst {event.burst}" not in section(name)
    ]
    assert not missing, listed(missing)


def test_protocol_names_the_roles_of_every_event() -> None:
    missing = [
        f"{name}: {roles}"
        for name, event in EVENTS.items()
        for roles in [", ".join(sorted(RIGHTS[event.action]))]
        if f"Roles: {roles}." not in section(name)
    ]
    assert not missing, listed(missing)


def test_protocol_names_no_field_that_an_event_does_not_take() -> None:
    unknown = [
        f"{name}: {field}"
        for name, event in EVENTS.items()
        for field in re.findall(r"^\| `(\w+)` \|", section(name), re.MULTILINE)
        if field not in event.payload.model_fields
    ]
    assert not unknown, listed(unknown)


def test_protocol_names_every_slice_and_who_sees_it() -> None:
    rows = [
        f"| `{name}` | {', '.join(sorted(piece.audiences))} |" for name, piece in SLICES.items()
    ]
    missing = [row for row in rows if row not in PROTOCOL]
    assert not missing, listed(missing)


def test_protocol_names_every_refusal_code() -> None:
    missing = [f"`{code}`" for code in codes() if f"`{code}`" not in PROTOCOL]
    assert not missing, listed(missing)
