"""One evening at a real server for all tests of this folder, and the dice."""

import fcntl
import os
import pickle
import random

import pytest

from tests.faults.conftest import dice
from tests.verify.evening import Evening, spend

__all__ = ["dice"]


@pytest.fixture(scope="session")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """Spent by the test process that comes first; the others wait for it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    kept = shared / "evening.pickle"
    with (shared / "evening.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            spent = spend(shared / "evening", random.Random(20_261_128))
            kept.write_bytes(pickle.dumps(spent))
    found: Evening = pickle.loads(kept.read_bytes())
    return found
