"""Reads junit files: fails when a test was skipped or a kind of real server was never used."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

KINDS = ("postgres", "valkey", "browser")


def complaints(report: ET.Element) -> list[str]:
    """Every reason why this run does not count, as sentences."""
    cases = list(report.iter("testcase"))
    names = [
        f"{case.get('classname')}::{case.get('name')}" for case in cases if has(case, "skipped")
    ]
    marks = {p.get("value") for p in report.iter("property") if p.get("name") == "mark"}
    return [
        *([] if cases else ["No test ran."]),
        *(f"Skipped: {name}. A test that cannot run must fail." for name in names),
        *(f"No test is marked {kind}." for kind in KINDS if kind not in marks),
    ]


def has(case: ET.Element, *outcomes: str) -> bool:
    return any(case.find(outcome) is not None for outcome in outcomes)


def main() -> int:
    report = ET.Element("all")
    report.extend(ET.parse(Path(name)).getroot() for name in sys.argv[1:])
    found = complaints(report)
    for sentence in found:
        print(sentence)
    cases = list(report.iter("testcase"))
    failed = sum(has(case, "failure", "error") for case in cases)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if found or failed else 0


if __name__ == "__main__":
    sys.exit(main())
