"""What every screen must hold, whatever it shows: the checks of a visit."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

SIZES = ((390, 844), (820, 1180), (1920, 1080))
LANGUAGES = ("ko", "en")
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"

_AREAS = "|".join(
    sorted(
        {
            key.split(".")[0]
            for file in (Path(__file__).parents[2] / "townhall" / "locale" / "ko").glob("*.json")
            for key in re.findall(r'^\s*"([^"]+)":', file.read_text(), re.MULTILINE)
            if "." in key
        }
    )
)
_RAW_KEY = re.compile(rf"\b(?:{_AREAS})\.[a-z][a-z0-9_]+(?:\.[a-z0-9_]+)*\b")

# Text in the page, with what only a screen reader hears left in.
_OVERFLOW = """() => {
  const doc = document.documentElement;
  const wide = doc.scrollWidth - doc.clientWidth;
  if (wide <= 0) return "";
  const worst = [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > doc.clientWidth + 1)
    .slice(0, 3).map((e) => e.tagName + "." + e.className);
  return wide + " px: " + worst.join(", ");
}"""

_SERIOUS = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" | "));
}"""


class Visitor:
    """One browser tab with its own cookies; collects whatever a screen does wrong."""

    def __init__(self, browser: Browser, name: str, lang: str) -> None:
        self.name = f"{name}-{lang}"
        self.context = browser.new_context(
            locale="ko-KR" if lang == "ko" else "en-US",
            timezone_id="Asia/Seoul",
            bypass_csp=False,
            reduced_motion="reduce",
        )
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on(
            "console", lambda m: self.faults.append(f"{self.name} console: {m.text[:200]}")
        )
        self.page.on("pageerror", lambda e: self.faults.append(f"{self.name} error: {e}"))
        self.page.on("dialog", self._dialog)

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"{self.name} dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, url: str) -> "Visitor":
        self.page.goto(url)
        return self

    def check(
        self, state: str, album: Path | None, *, sizes: tuple[tuple[int, int], ...] = SIZES
    ) -> None:
        """Look at the screen as it is, at every size; faults are collected, not raised."""
        for width, height in sizes:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_timeout(60)
            where = f"{self.name} {state} at {width}"
            if wide := self.page.evaluate(_OVERFLOW):
                self.faults.append(f"{where} overflows by {wide}")
            raw = _RAW_KEY.findall(self.page.inner_text("body"))
            self.faults += [f"{where} shows the key {key}" for key in sorted(set(raw))]
            if album:
                self.page.screenshot(path=album / f"{self.name}-{state}-{width}.png")

    def check_access(self, state: str) -> None:
        """What axe finds serious. Injected from outside, which the page's own policy forbids."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text() + "; undefined")
        self.faults += [
            f"{self.name} {state} axe {found}" for found in self.page.evaluate(_SERIOUS)
        ]

    def close(self) -> list[str]:
        self.context.close()
        return self.faults
