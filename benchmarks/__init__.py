"""Measurements run by hand; a package, so that no installed one of this name hides it."""

__all__: list[str] = []
