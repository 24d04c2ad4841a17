"""The toy world of the symbolic tests."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from fusion.symbolic import SymbolicKnowledge


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    path = Path(__file__).parents[2] / "fusion" / "symbolic" / "toy.py"
    spec = importlib.util.spec_from_file_location("symbolic_toy", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def knowledge(toy: ModuleType) -> SymbolicKnowledge:
    return SymbolicKnowledge.from_snapshot(toy.toy_snapshot())
