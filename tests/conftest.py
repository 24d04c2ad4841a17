"""What all tests share: the data mirror if there is one, and the skip of tests that need it."""

from pathlib import Path

import pytest

from kg.files import default_mirror


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = default_mirror()
    if folder is not None and folder.is_dir():
        return
    skip = pytest.mark.skip(reason="no data mirror: set IATROS_MIRROR")
    for item in items:
        if item.get_closest_marker("mirror"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder of the data mirror; the test is skipped where there is none."""
    folder = default_mirror()
    if folder is None or not folder.is_dir():
        pytest.skip("no data mirror: set IATROS_MIRROR")
    return folder
