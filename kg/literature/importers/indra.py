"""INDRA: a JSON list of statements with evidence (10.15252/msb.20177651).

Decides which of its statements the graph has: a chemical or gene that raises or lowers a gene, a
disease or a phenotype.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from kg.identifiers import IdentifierError, normalise
from kg.literature.miner import Direction, MinedStatement
from kg.literature.readers import DocumentError
from kg.vocabulary import Predicate

__all__ = ["Indra"]

_SPACES = {
    "DRUGBANK": "DRUGBANK", "CHEBI": "CHEBI", "PUBCHEM": "PUBCHEM", "HGNC": "HGNC",
    "EGID": "NCBIGENE", "UP": "UNIPROT", "MONDO": "MONDO", "DOID": "DOID", "HP": "HP",
    "MESH": "MESH",
}  # fmt: skip
_DIRECTION: Mapping[str, Direction] = {
    "Activation": "increases", "IncreaseAmount": "increases",
    "Inhibition": "decreases", "DecreaseAmount": "decreases",
}  # fmt: skip
_DRUG, _GENE = ("DRUGBANK", "CHEBI", "PUBCHEM"), ("HGNC", "NCBIGENE", "UNIPROT")
_BAD = (KeyError, TypeError, ValueError, AttributeError, IdentifierError, StopIteration)


class Indra:
    """Each piece of evidence of a statement is one mined statement."""

    name, version = "indra", "1"

    def statements(self, path: Path) -> Iterator[MinedStatement | DocumentError]:
        """Statements of a JSON file as `stmts_to_json_file` writes it."""
        try:
            items = json.loads(path.read_bytes())
            items = items if isinstance(items, list) else items["statements"]
        except (*_BAD, RecursionError) as error:
            problem = f"no INDRA JSON: {error}"[:120]
            yield DocumentError(where=str(path), problem=problem, mend="export it again")
            return
        for number, item in enumerate(items):
            try:
                if item["type"] not in _DIRECTION:
                    continue
                head, tail = _curie(item["subj"]["db_refs"]), _curie(item["obj"]["db_refs"])
                direction = _DIRECTION[item["type"]]
                for proof in item["evidence"]:
                    yield MinedStatement(
                        subject=head, predicate=_predicate(head, tail, direction), object=tail,
                        document=str(proof["pmid"]), publication=f"PMID:{int(proof['pmid'])}",
                        section="", evidence=None, subject_span=None, object_span=None,
                        sentence_sha256="", confidence=float(item.get("belief", 0.5)),
                        negated=bool(proof.get("epistemics", {}).get("negated")),
                        hedged=bool(proof.get("epistemics", {}).get("hypothesis")),
                        direction=direction, model=self.name, version=self.version,
                    )  # fmt: skip
            except _BAD as error:
                problem = f"{type(error).__name__}: {error}"[:120]
                yield DocumentError(where=f"{path}#{number}", problem=problem, mend="mend the item")


def _curie(refs: Mapping[str, str]) -> str:
    space = next(space for space in _SPACES if space in refs)
    return normalise(f"{_SPACES[space]}:{str(refs[space]).rpartition(':')[2]}")


def _predicate(head: str, tail: str, direction: Direction) -> Predicate:
    if tail.startswith(_GENE):
        return Predicate.AFFECTS
    if head.startswith(_GENE):
        return Predicate.GENE_ASSOCIATED_WITH
    return Predicate.TREATS if direction == "decreases" else Predicate.HAS_ADVERSE_EVENT
