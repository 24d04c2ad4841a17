"""Records for tests of the graph: a hand-made one, and strategies that make any."""

from hypothesis import strategies as st

from kg.columns import SourceRecord
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import QUALIFIERS, NodeType, Predicate

HPOA = SourceRecord(
    name="hpoa",
    title="HPO annotations",
    licence="HPO licence",
    licence_class="permissive",
    release="2025-01-16",
    homepage="https://hpo.jax.org",
)
DRUGS = SourceRecord(
    name="drugs", title="Drugs", licence="CC0-1.0", licence_class="permissive", release="7"
)
SOURCES = (HPOA, DRUGS)
NODES = (
    Node(
        id="MONDO:0007739",
        type=NodeType.DISEASE,
        label="Huntington disease",
        synonyms=("HD", 'Huntington "chorea"\t\\'),
        definition="A disease.\nOf the brain.",
    ),
    Node(id="HP:0002072", type=NodeType.PHENOTYPE, label="Chorea"),
    Node(id="HP:0000726", type=NodeType.PHENOTYPE, label="Dementia"),
    Node(
        id="DRUGBANK:DB04844",
        type=NodeType.DRUG,
        label="Tetrabenazine",
        structure="InChI=1S/H2O/h1H2",
    ),
)
STATEMENTS = (
    Statement(
        subject="MONDO:0007739",
        predicate=Predicate.HAS_PHENOTYPE,
        object="HP:0002072",
        source="hpoa",
        frequency=0.9,
        onset="HP:0003581",
        evidence="PCS",
        publications=("PMID:2", "PMID:1"),
        qualifiers=(("frequency_text", "9/10"),),
    ),
    Statement(
        subject="MONDO:0007739",
        predicate=Predicate.HAS_PHENOTYPE,
        object="HP:0000726",
        source="hpoa",
        negated=True,
        sex="male",
        publications=("PMID:3",),
    ),
    Statement(
        subject="DRUGBANK:DB04844",
        predicate=Predicate.AMELIORATES,
        object="MONDO:0007739",
        source="drugs",
        confidence=0.75,
    ),
    Statement(
        subject="HGNC:4851", predicate=Predicate.CAUSES, object="MONDO:0007739", source="drugs"
    ),
)
MAPPINGS = (
    Mapping(subject="MONDO:0007739", object="OMIM:143100", source="hpoa", confidence=1.0),
    Mapping(subject="ORPHA:399", object="MONDO:0007739", source="hpoa"),
    Mapping(subject="MONDO:0007739", object="DOID:1", source="hpoa", predicate="broadMatch"),
)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
filled = texts.filter(bool)
curies = st.builds(
    "{}:{}".format,
    st.sampled_from(["MONDO", "HP", "HGNC", "DRUGBANK", "iatros", "Other"]),
    st.text("0123456789abcXYZ.%<>é_-", min_size=1, max_size=4),
)
shares = st.none() | st.floats(0, 1)
nodes = st.builds(
    Node,
    id=curies,
    type=st.sampled_from(NodeType).filter(lambda kind: kind is not NodeType.CASE),
    label=texts,
    synonyms=st.lists(texts, max_size=3).map(tuple),
    definition=texts,
    structure=st.sampled_from(["", "InChI=1S/H2O/h1H2", "InChI=1S/CH4/h1H4"]),
    deprecated=st.booleans(),
)
statements = st.builds(
    Statement,
    subject=curies,
    predicate=st.sampled_from(Predicate),
    object=curies,
    source=st.sampled_from(["hpoa", "drugs", "a b/c"]),
    negated=st.booleans(),
    frequency=shares,
    onset=st.none() | st.just("HP:0003577"),
    sex=st.sampled_from([None, "female", "male"]),
    evidence=st.none() | filled,
    publications=st.lists(st.integers(1, 9).map("PMID:{}".format), max_size=3).map(tuple),
    confidence=shares,
    qualifiers=st.lists(st.tuples(st.sampled_from(QUALIFIERS), texts), max_size=3).map(tuple),
)
mappings = st.builds(
    Mapping,
    subject=curies,
    object=curies,
    source=st.sampled_from(["hpoa", "drugs"]),
    predicate=st.sampled_from(["exactMatch", "closeMatch"]),
    confidence=shares,
)
