"""The toy world of `toy.py`."""

from types import ModuleType

import pytest

from fusion.symbolic import ReferenceCases, SymbolicKnowledge
from tests.fusion.symbolic import toy as toy_world


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    return toy_world


@pytest.fixture(scope="session")
def knowledge() -> SymbolicKnowledge:
    return SymbolicKnowledge.from_snapshot(toy_world.toy_snapshot())


@pytest.fixture(scope="session")
def references(knowledge: SymbolicKnowledge) -> ReferenceCases:
    return knowledge.references(toy_world.toy_cases())
