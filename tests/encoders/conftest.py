from pathlib import Path

import pytest
from hypothesis import settings

from tests.encoders.tiny import make_bert

# Two cores shared by many: a slow example is no failure.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random 2-layer BERT."""
    return make_bert(tmp_path_factory.mktemp("bert"))
