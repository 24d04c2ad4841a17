"""Splits by publication: nothing shared, everything dealt, shares as asked."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.case import ClinicalCase
from kg.cases.split import find_leaks, publication_components, split_by_publication

papers = st.lists(st.integers(0, 15).map(lambda n: f"PMID:{n}"), max_size=3).map(tuple)
cohorts = st.lists(papers, max_size=25).map(
    lambda rows: [ClinicalCase(case_id=f"c{n}", publications=p) for n, p in enumerate(rows)]
)


@given(cohorts)
def test_components_agree_with_networkx(cases: list[ClinicalCase]) -> None:
    graph = nx.Graph()
    for case in cases:
        graph.add_node(case.case_id)
        graph.add_edges_from((case.case_id, paper) for paper in case.publications)
    expected = {
        frozenset(node for node in part if node.startswith("c"))
        for part in nx.connected_components(graph)
    }
    found: dict[int, set[str]] = {}
    for case, component in zip(cases, publication_components(cases), strict=True):
        found.setdefault(int(component), set()).add(case.case_id)
    assert {frozenset(part) for part in found.values()} == expected
    assert list(found) == list(range(len(found)))


@settings(deadline=None)
@given(cohorts, st.integers(0, 100))
def test_split_deals_every_case_once_and_has_an_empty_leak_report(
    cases: list[ClinicalCase], seed: int
) -> None:
    fractions = {"train": 0.6, "dev": 0.2, "test": 0.2}
    parts = split_by_publication(cases, fractions, np.random.default_rng(seed))
    assert list(parts) == list(fractions)
    assert find_leaks(parts) == ()
    dealt = [case.case_id for part in parts.values() for case in part]
    assert sorted(dealt) == sorted(case.case_id for case in cases)
    again = split_by_publication(cases, fractions, np.random.default_rng(seed))
    assert again == parts


def test_shares_come_close_to_the_fractions() -> None:
    cases = [ClinicalCase(case_id=str(n), publications=(f"PMID:{n // 3}",)) for n in range(300)]
    parts = split_by_publication(cases, {"a": 0.7, "b": 0.2, "c": 0.1}, np.random.default_rng(1))
    assert [len(part) for part in parts.values()] == pytest.approx([210, 60, 30], abs=3)


def test_other_seed_other_split() -> None:
    cases = [ClinicalCase(case_id=str(n)) for n in range(50)]
    one, two = (
        split_by_publication(cases, {"a": 1, "b": 1}, np.random.default_rng(seed))
        for seed in (0, 1)
    )
    assert one != two


def test_leak_report_names_what_is_shared() -> None:
    one = ClinicalCase(case_id="1", publications=("PMID:1", "PMID:2"))
    two = ClinicalCase(case_id="2", publications=("PMID:2",))
    leaks = find_leaks({"train": [one], "test": [two, one]})
    assert [str(leak) for leak in leaks] == [
        "patient 1 stands in train and in test",
        "publication PMID:1 stands in train and in test",
        "publication PMID:2 stands in train and in test",
    ]


@pytest.mark.parametrize("fractions", [{}, {"a": 0.0}, {"a": 1.0, "b": -1.0}, {"a": float("nan")}])
def test_bad_fractions(fractions: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="fractions"):
        split_by_publication([], fractions, np.random.default_rng(0))
