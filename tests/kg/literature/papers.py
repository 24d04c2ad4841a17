"""Papers for tests: a small world of names, and the same two abstracts in every format."""

import gzip
import io
import json
import random
import tarfile
import zipfile
from collections.abc import Callable, Mapping

from kg.literature.dictionary import Dictionary, Name
from kg.literature.document import Document, EntityType, Section
from kg.literature.readers import document_to_json
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

TITLE = "Valproate-induced tremor in epilepsy."
ABSTRACT = (
    "Valproic acid (VPA) is effective in the treatment of epilepsy. VPA may cause tremor. "
    "Lamotrigine did not cause tremor. Mutations in SCN1A cause Dravet syndrome."
)
OTHER = "Lamotrigine treats epilepsy; valproate is contraindicated in pregnancy."

NODES = (
    Node(
        id="DRUGBANK:DB00313",
        type=NodeType.DRUG,
        label="Valproic acid",
        synonyms=("Valproate", "2-propylpentanoic acid"),
    ),
    Node(id="DRUGBANK:DB00555", type=NodeType.DRUG, label="Lamotrigine"),
    Node(id="MONDO:0005027", type=NodeType.DISEASE, label="epilepsy"),
    Node(id="MONDO:0100135", type=NodeType.DISEASE, label="Dravet syndrome"),
    Node(id="HP:0001337", type=NodeType.PHENOTYPE, label="Tremor"),
    Node(id="HGNC:10585", type=NodeType.GENE, label="SCN1A"),
)


def toy_graph() -> GraphSnapshot:
    """Six things and one statement."""
    known = Statement(
        subject="DRUGBANK:DB00313",
        predicate=Predicate.TREATS,
        object="MONDO:0005027",
        source="curated",
    )
    return GraphSnapshot.from_records(NODES, [known])


def toy_dictionary() -> Dictionary:
    return Dictionary.from_graph(toy_graph())


def names(**given: tuple[EntityType, str]) -> Dictionary:
    return Dictionary([Name(text=k.replace("_", " "), type=t, id=i) for k, (t, i) in given.items()])


PAPERS = (
    Document.of_abstract("101", title=TITLE, abstract=ABSTRACT, pmid="PMID:101", licence="CC-BY"),
    Document.of_abstract("102", title=OTHER, pmid="PMID:102"),
)


def pubtator() -> bytes:
    return (
        f"101|t|{TITLE}\n101|a|{ABSTRACT}\n"
        "101\t0\t9\tValproate\tChemical\tD014635\n101\t18\t24\ttremor\tDisease\tD014202\n"
        "101\t28\t36\tepilepsy\tDisease\tD004827\n101\tCID\tD014635\tD014202\n\n"
        f"102|t|{OTHER}\n102|a|\n102\t0\t11\tLamotrigine\tChemical\t-1\n\n"
    ).encode()


def pubmed() -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd/x.dtd">\n'
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version='1'>101</PMID>"
        f"<Article><Journal><JournalIssue><PubDate><Year>1999</Year></PubDate></JournalIssue>"
        f"</Journal><ArticleTitle>{TITLE}</ArticleTitle><Abstract>"
        f"<AbstractText Label='RESULTS' NlmCategory='RESULTS'>{ABSTRACT}</AbstractText></Abstract>"
        "<PublicationTypeList><PublicationType>Case Reports</PublicationType>"
        "</PublicationTypeList></Article><MeshHeadingList><MeshHeading>"
        "<DescriptorName>Humans</DescriptorName></MeshHeading></MeshHeadingList></MedlineCitation>"
        "<PubmedData><ArticleIdList><ArticleId IdType='doi'>10.1000/xyz1</ArticleId>"
        "<ArticleId IdType='pmc'>PMC13900</ArticleId></ArticleIdList></PubmedData></PubmedArticle>"
        "<PubmedArticle><MedlineCitation><PMID>102</PMID><Article>"
        f"<ArticleTitle>{OTHER}</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
        "</PubmedArticleSet>"
    ).encode()


def jats() -> bytes:
    def article(pmid: str, title: str, abstract: str, body: str) -> str:
        return (
            "<article article-type='research-article'><front><article-meta>"
            f"<article-id pub-id-type='pmid'>{pmid}</article-id>"
            f"<title-group><article-title>{title}</article-title></title-group>"
            "<permissions><license xmlns:xlink='http://www.w3.org/1999/xlink' "
            "xlink:href='https://creativecommons.org/licenses/by/4.0/'><license-p>Open."
            f"</license-p></license></permissions><abstract><p>{abstract}</p></abstract>"
            f"</article-meta></front><body>{body}</body></article>"
        )

    body = (
        "<sec sec-type='methods'><title>Methods</title><p>We gave <italic>valproate</italic>"
        " <xref ref-type='bibr'>[1]</xref>.</p></sec>"
    )
    first = article("101", TITLE, ABSTRACT, body)
    second = article("102", OTHER, "", "<p>Lamotrigine.</p>")
    return f"<pmc-articleset>{first}{second}</pmc-articleset>".encode()


def bioc_xml() -> bytes:
    def passage(kind: str, offset: int, text: str, marks: str = "") -> str:
        return (
            f"<passage><infon key='type'>{kind}</infon><offset>{offset}</offset>"
            f"<text>{text}</text>{marks}</passage>"
        )

    mark = (
        "<annotation id='1'><infon key='type'>Chemical</infon><infon key='identifier'>MESH:D014635"
        "</infon><location offset='0' length='9'/><text>Valproate</text></annotation>"
    )
    return (
        "<?xml version='1.0'?><collection><source>PubTator</source><date/><key/><document>"
        f"<id>101</id>{passage('title', 0, TITLE, mark)}"
        f"{passage('abstract', len(TITLE) + 1, ABSTRACT)}</document>"
        f"<document><id>102</id>{passage('title', 0, OTHER)}</document></collection>"
    ).encode()


def bioc_json() -> bytes:
    mark = {
        "id": "1",
        "infons": {"type": "Chemical", "identifier": "MESH:D014635"},
        "locations": [{"offset": 0, "length": 9}],
        "text": "Valproate",
    }
    first = {
        "id": "101",
        "passages": [
            {"infons": {"type": "title"}, "offset": 0, "text": TITLE, "annotations": [mark]},
            {"infons": {"type": "abstract"}, "offset": len(TITLE) + 1, "text": ABSTRACT},
        ],
    }
    second = {"id": "102", "passages": [{"infons": {}, "offset": 0, "text": OTHER}]}
    return json.dumps({"documents": [first, second]}).encode()


def json_lines() -> bytes:
    return "".join(document_to_json(paper) + "\n" for paper in PAPERS).encode()


def plain() -> bytes:
    return f"{TITLE}\n{ABSTRACT}\n".encode()


SEEDS: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "PubMed XML": ("pubmed.xml", pubmed),
    "JATS XML": ("article.nxml", jats),
    "BioC XML": ("bioc.xml", bioc_xml),
    "BioC JSON": ("bioc.json", bioc_json),
    "JSON lines": ("papers.jsonl", json_lines),
    "PubTator": ("corpus.pubtator", pubtator),
    "plain text": ("101.txt", plain),
}
"""Format to the name and the bytes of a file; two papers, but one in plain text."""

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">'.encode() for i in range(9))
    + b"]>"
)


def mutated(seed: bytes, name: str, rng: random.Random) -> tuple[str, bytes]:
    """A damaged copy: one of the things that real and hostile files have."""
    data = bytearray(seed)
    at = rng.randrange(len(data))
    kind = rng.choice(
        ["flip", "cut", "drop", "repeat", "encoding", "long", "bomb", "ids", "gzip", "zip", "tar",
         "nul", "swap", "deep", "utf16", "empty", "numbers"]
    )  # fmt: skip
    if kind == "flip":
        for _ in range(rng.randint(1, 20)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif kind == "cut":
        data = data[:at]
    elif kind == "drop":
        del data[at : at + rng.randint(1, 200)]
    elif kind == "repeat":
        piece = bytes(data[at : at + rng.randint(1, 300)])
        data[at:at] = piece * rng.randint(1, 50)
    elif kind == "encoding":
        data[at:at] = rng.choice([b"\xe9\xfc", b"\xff\xfe", b"\x80\x81", b"\xed\xa0\x80", b"\xc3"])
    elif kind == "long":
        data[at:at] = b"x" * rng.choice([100_000, 3_000_000, 9_000_000, 11_000_000])
    elif kind == "bomb":
        start = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
        data[:start] = BOMB
        data = bytearray(bytes(data).replace(b"epilepsy", b"&j;"))
    elif kind == "ids":
        for old in (b"101", b"102", b"PMID", b'"id"', b"offset"):
            if rng.random() < 0.5:
                data = bytearray(
                    bytes(data).replace(old, rng.choice([b"", b"-1", b"x y", b"9" * 99]))
                )
    elif kind == "gzip":
        packed = gzip.compress(bytes(data))
        return f"{name}.gz", packed[: rng.randint(3, len(packed))]
    elif kind == "zip":
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(rng.choice([name, f"../{name}", f"/{name}"]), bytes(data))
        data = bytearray(whole.getvalue())
        if rng.random() < 0.5:
            data[rng.randrange(len(data))] ^= 0xFF
        return "corpus.zip", bytes(data)
    elif kind == "tar":
        whole = io.BytesIO()
        with tarfile.open(fileobj=whole, mode="w:gz") as archive:
            member = tarfile.TarInfo(rng.choice([name, f"../{name}"]))
            member.size = len(data)
            archive.addfile(member, io.BytesIO(bytes(data)))
        packed = whole.getvalue()
        return "corpus.tar.gz", packed[: rng.randint(len(packed) // 2, len(packed))]
    elif kind == "nul":
        data[at:at] = b"\x00" * rng.randint(1, 5)
    elif kind == "swap":
        data = bytearray(bytes(data).replace(b"<", b">", rng.randint(1, 9)).replace(b"{", b"["))
    elif kind == "deep":
        data[at:at] = rng.choice([b"[" * 100_000, b'{"a":' * 5_000, b"<p>" * 5_000])
    elif kind == "utf16":
        return name, bytes(data).decode().encode("utf-16")
    elif kind == "empty":
        data = bytearray(rng.choice([b"", b"\n\n", b"\xef\xbb\xbf", b"  "]))
    elif kind == "numbers":
        data = bytearray(bytes(data).replace(b"0", b"9" * rng.randint(1, 30)))
    return name, bytes(data)


def full_text(n_sections: int) -> Document:
    """A long document with sections one behind the other."""
    sections: list[Section] = []
    for _ in range(n_sections):
        offset = sections[-1].end + 1 if sections else 0
        sections.append(Section(kind="results", text=ABSTRACT, offset=offset))
    return Document(id="103", sections=tuple(sections), pmid="PMID:103", licence="CC-BY")
