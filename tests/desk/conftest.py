"""The fixture: a desk with a new card of each kind in its reader."""

import pytest

from card_protocol.card.image import CardKind
from tests.desk.reader import Reader


@pytest.fixture(params=list(CardKind), ids=lambda kind: kind.name.lower())
def reader(request: pytest.FixtureRequest) -> Reader:
    return Reader(kind=request.param)
