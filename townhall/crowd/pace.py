"""How fast a simulated person is: waits at a human pace, or `speed` times faster."""

import asyncio
import random


class Pace:
    """Waits, drawn with the person's own dice, in people's seconds."""

    def __init__(self, speed: float, dice: random.Random) -> None:
        self._speed = speed
        self._dice = dice

    async def think(self, least: float, most: float, usual: float) -> None:
        """Wait as long as a thought takes: mostly `usual` seconds, from `least` to `most`."""
        await self.wait(self._dice.triangular(least, most, usual))

    async def between(self, least: float, most: float) -> None:
        """Wait evenly between two numbers of seconds."""
        await self.wait(self._dice.uniform(least, most))

    async def wait(self, seconds: float) -> None:
        """Wait exactly this long, at this pace."""
        await asyncio.sleep(seconds / self._speed)

    def seconds(self, seconds: float) -> float:
        """So many of people's seconds, in seconds at this pace."""
        return seconds / self._speed
