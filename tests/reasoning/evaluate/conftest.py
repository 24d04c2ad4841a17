"""The toy world of the symbolic tests."""

from tests.fusion.symbolic.conftest import knowledge, toy

__all__ = ["knowledge", "toy"]
