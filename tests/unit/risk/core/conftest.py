"""A desk whose every event is replayed when its test is over."""

from collections.abc import Iterator

import pytest

from tests.builders.desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Return a desk without orders; the same events must give the same book."""
    desk = Desk()
    yield desk
    assert desk.replayed().fingerprint() == desk.book.fingerprint()
