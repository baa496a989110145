"""One evening at a real server for all tests of this folder, and the dice."""

import random

import pytest

from tests.faults.conftest import dice
from tests.verify.evening import Evening, spend

__all__ = ["dice"]


@pytest.fixture(scope="session")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    return spend(tmp_path_factory.mktemp("evening"), random.Random(20_261_128))
