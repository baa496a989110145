"""The cheapest exchange between two orders of the same ballots.

Here belongs one algorithm: choose as few ballots as possible so that two trimmed sums, one over
each of two scores of a ballot, fall far enough together.
Here belongs nothing about candidates and rules: see `flip_live`.
May call: the standard library.

Each ballot has a height on the left and on the right; a chosen ballot falls to height 0 on both.
A side's trimmed sum over n heights with t dropped at each end is the sum over levels v = 1, 2 …
of clip(N_v - R_v - t, 0, n - 2t), where N_v ballots reach level v and R_v of them are chosen.
The upper clip is the only part that is not convex. It acts on the lowest levels 1 … p of a side
(the numbers fall with the level), so each p is tried, those levels taken as full: for one p the
value is never too low, and for the right one it is exact. What is left is a convex cost over
two chains joined by the kinds of ballots, which is a network, so taking cheapest augmenting
paths gives the least value for every number of chosen ballots, in whole numbers.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Node = tuple[int, int]  # side (0 left, 1 right) and level
Kind = tuple[int, int]  # height on the left and on the right
Kinds = Mapping[Kind, int]  # how many ballots of each


@dataclass(frozen=True, slots=True)
class Side:
    """One side: ballots that reach level 1, 2 …, how many are dropped and kept, cost of one."""

    reach: tuple[int, ...]
    drop: int
    kept: int
    cost: int

    def value(self) -> int:
        """The present cost of the trimmed sum."""
        return self.cost * sum(min(max(n - self.drop, 0), self.kept) for n in self.reach)

    def plateaus(self) -> range:
        """How many of the lowest levels may stay full: none up to those now over-full."""
        return range(sum(1 for n in self.reach if n > self.drop + self.kept) + 1)

    def start(self, full: int) -> int:
        """The cost with the lowest levels full and the others not clipped above."""
        return self.cost * (self.kept * full + sum(self.limits(full)))

    def limits(self, full: int) -> list[int]:
        """For each level how many chosen ballots still lower the cost."""
        return [0 if level < full else max(n - self.drop, 0) for level, n in enumerate(self.reach)]


def fewest_chosen(kinds: Kinds, left: Side, right: Side, need: int) -> int | None:
    """The least number of ballots to choose so that the cost falls by `need` or more.

    `need` is above 0. None when no choice is enough. Exact.
    """
    target = left.value() + right.value() - need
    cases = sorted(
        (left.start(low) + right.start(high), low, high)
        for low in left.plateaus()
        for high in right.plateaus()
    )
    best: int | None = None
    for start, low, high in cases:
        # What stays when every ballot is chosen.
        if left.cost * left.kept * low + right.cost * right.kept * high > target:
            continue
        network = _Network(kinds, left, right, low, high)
        found = network.push(start - target, best)
        best = best if found is None else found
    return best


@dataclass(slots=True)
class _Network:
    """The two chains with a flow: a unit of flow is one chosen ballot."""

    kinds: Kinds
    left: Side
    right: Side
    low: int
    high: int
    chosen: dict[Kind, int] = field(default_factory=dict)
    passed: tuple[list[int], list[int]] = field(init=False)
    limits: tuple[list[int], list[int]] = field(init=False)
    at: tuple[dict[int, list[tuple[Kind, int]]], ...] = field(init=False)

    def __post_init__(self) -> None:
        self.passed = ([0] * len(self.left.reach), [0] * len(self.right.reach))
        self.limits = (self.left.limits(self.low), self.right.limits(self.high))
        self.at = ({}, {})
        for kind, ballots in self.kinds.items():
            for side in (0, 1):
                self.at[side].setdefault(kind[side], []).append((kind, ballots))

    def push(self, need: int, best: int | None) -> int | None:
        """The number of ballots at which the cost has fallen by `need`, if less than `best`.

        To choose every ballot must be enough; then a path with a gain is always left.
        """
        count = 0
        while need > 0:
            gain, room, links = self._cheapest()
            steps = min(room, -(-need // gain))
            count += steps
            if best is not None and count >= best:
                return None
            for source, target in links:
                self._send(source, target, steps)
            need -= steps * gain
        return count

    def _cheapest(self) -> tuple[int, int, list[tuple[Node, Node]]]:
        """The path that lowers the cost most: gain of a unit, units it can take, its links."""
        start, end = (0, 0), (1, 0)
        gains: dict[Node, int] = {start: 0}
        origin: dict[Node, tuple[Node, int]] = {}
        waiting, queued = deque([start]), {start}
        while waiting:
            node = waiting.popleft()
            queued.discard(node)
            for target, gain, room in self._links(node):
                if target not in gains or gains[node] + gain > gains[target]:
                    gains[target] = gains[node] + gain
                    origin[target] = (node, room)
                    if target not in queued:
                        queued.add(target)
                        waiting.append(target)
        links, least, node = [], 0, end
        while node != start:
            before, room = origin[node]
            links.append((before, node))
            least = min(least, room) if least else room
            node = before
        return gains[end], least, links

    def _links(self, node: Node) -> Iterator[tuple[Node, int, int]]:
        """Where a unit can go from a node: target, gain, and how many units gain as much."""
        side, level = node
        chain, limits = self.passed[side], self.limits[side]
        cost = (self.left, self.right)[side].cost
        # On the left flow climbs from level 0, on the right it descends to level 0.
        onward, back = (level, level - 1) if side == 0 else (level - 1, level)
        if 0 <= onward < len(chain):
            gainful = limits[onward] - chain[onward]
            target = (side, level + 1 if side == 0 else level - 1)
            yield (target, cost, gainful) if gainful > 0 else (target, 0, 1 << 60)
        if 0 <= back < len(chain) and chain[back]:
            wasted = chain[back] - limits[back]
            target = (side, level - 1 if side == 0 else level + 1)
            yield (target, 0, wasted) if wasted > 0 else (target, -cost, chain[back])
        yield from self._crossings(side, level)

    def _crossings(self, side: int, level: int) -> Iterator[tuple[Node, int, int]]:
        for kind, ballots in self.at[side].get(level, ()):
            used = self.chosen.get(kind, 0)
            room = used if side else ballots - used
            if room:
                yield (1 - side, kind[1 - side]), 0, room

    def _send(self, source: Node, target: Node, units: int) -> None:
        if source[0] == target[0]:
            climbs = (target[1] > source[1]) == (source[0] == 0)
            self.passed[source[0]][min(source[1], target[1])] += units if climbs else -units
        elif source[0] == 0:
            kind = (source[1], target[1])
            self.chosen[kind] = self.chosen.get(kind, 0) + units
        else:
            self.chosen[(target[1], source[1])] -= units
