from __future__ import annotations

import pytest

from tests.web.paper_house import PaperHouse
from tests.web.visitor import visitor_of


@pytest.fixture
def house():
    return PaperHouse()


@pytest.fixture
def visitor(house):
    return visitor_of(house)


@pytest.fixture
def signed_in(visitor):
    assert visitor.sign_in().status_code == 303
    return visitor
