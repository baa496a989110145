"""Up to which version each forum's listeners here were told everything.

News names the revisions it is the whole of. They may come in another order than they were stored,
so those beyond a gap are kept until it closes, or until a look at everything goes past it.
"""

from collections.abc import Iterable

MOST_BEYOND = 10_000
Upto = tuple[int, int]  # revision, ballot batches


class Told:
    """Of each forum: a version that was told in full, and revisions beyond it."""

    def __init__(self) -> None:
        self._upto: dict[int, Upto] = {}
        self._beyond: dict[int, frozenset[int]] = {}

    def stands_at(self, forum: int, version: Upto) -> bool:
        """Whether this is what everybody was told, so that nothing needs a look."""
        return self._upto.get(forum) == version

    def everything(self, forum: int, version: Upto) -> None:
        """All that a forum shows was looked at, in this version."""
        self._upto[forum] = version
        self._beyond.pop(forum, None)

    def revisions(self, forum: int, revisions: frozenset[int]) -> None:
        """The whole news of these revisions was told."""
        if forum not in self._upto:
            return
        told, batches = self._upto[forum]
        beyond = self._beyond.pop(forum, frozenset()) | revisions
        while told + 1 in beyond:
            told += 1
        self._upto[forum] = (told, batches)
        left = frozenset(r for r in beyond if r > told)
        if len(left) > MOST_BEYOND:
            self.forget(forum)
        elif left:
            self._beyond[forum] = left

    def batches(self, forum: int, batches: int) -> None:
        """Ballots were told up to this batch, which shows every one before it."""
        if forum in self._upto:
            self._upto[forum] = (self._upto[forum][0], batches)

    def lacks_revisions(self, forum: int, revision: int, coming: frozenset[int]) -> bool:
        """Whether up to this revision there is one of which no news came, nor is `coming`."""
        if forum not in self._upto:
            return True
        told, _ = self._upto[forum]
        heard = self._beyond.get(forum, frozenset()) | coming
        return revision - told > sum(told < r <= revision for r in heard)

    def lacks_batches(self, forum: int, batches: int) -> bool:
        """Whether ballots were told up to another batch than this."""
        return forum not in self._upto or self._upto[forum][1] != batches

    def forget(self, forum: int) -> None:
        """Something could not be told: everything is to be looked at."""
        self._upto.pop(forum, None)
        self._beyond.pop(forum, None)

    def keep(self, forums: Iterable[int]) -> None:
        """Forget all forums but these."""
        for forum in self._upto.keys() - set(forums):
            self.forget(forum)
