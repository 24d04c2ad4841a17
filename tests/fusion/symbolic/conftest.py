"""The toy world of `toy.py`, read from beside this file: tests are no package."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from fusion.symbolic import ReferenceCases, SymbolicKnowledge


def _load() -> ModuleType:
    path = Path(__file__).with_name("toy.py")
    spec = importlib.util.spec_from_file_location("symbolic_toy", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    return _load()


@pytest.fixture(scope="session")
def knowledge(toy: ModuleType) -> SymbolicKnowledge:
    return SymbolicKnowledge.from_snapshot(toy.toy_snapshot())


@pytest.fixture(scope="session")
def references(toy: ModuleType, knowledge: SymbolicKnowledge) -> ReferenceCases:
    return knowledge.references(toy.toy_cases())
