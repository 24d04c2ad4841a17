"""The prefix table agrees with Bioregistry, where that is installed."""

import pytest

from kg.prefixes import PREFIXES


def test_prefixes_are_bioregistry_prefixes() -> None:
    bioregistry = pytest.importorskip("bioregistry", reason="extra `identifiers` is not installed")
    unknown = {
        facts.prefix: facts.bioregistry
        for facts in PREFIXES
        if facts.bioregistry
        and bioregistry.normalize_prefix(facts.bioregistry) != facts.bioregistry
    }
    assert not unknown
