"""Joins drugs that only their names join, and salts and combinations to their ingredients.

Decides the last step of drug identity, after the ids that sources state. A drug without a DrugBank
id merges (`exactMatch`, lexical) with the one drug that bears exactly its name. A salt, ester,
product or combination never merges: it has its ingredient as a part, with the kind (`form`,
`ingredient`) saying which. A name that two drugs bear joins nothing. What names mean is decided in
`kg.sources.name_forms`.
"""

from collections import defaultdict
from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

from . import drugmechdb
from .atc import substances
from .contract import DropReport, Record, SourceFacts
from .drugbank import DRUGS_FILE, drug_rows, partners
from .everycure_contraindications import EveryCureContraindications
from .everycure_indications import EveryCureIndications
from .everycure_list import FILE, ListedDrug, listed_drugs
from .name_forms import ingredient_name, parts, plain

__all__ = ["DrugNames"]

_SHORTEST_NAME = 4  # shorter ones ("S", "methyl" cut to "me") are accidents of name resolution


class DrugNames:
    """Reads the names of all drug tables that are there and joins drugs by them."""

    facts = SourceFacts(
        name="drug_names",
        title="Drugs joined by name",
        homepage="https://github.com/iatros/iatros",
        licence="that of the tables the names come from (DrugBank: CC-BY-NC-4.0)",
        licence_class="noncommercial",
        release="1",
        gives="same drug by exact name; salt or combination has ingredient",
        files=(FILE, DRUGS_FILE),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream lexical mappings, then parts of salts, products and combinations."""
        elsewhere = DropReport()  # each table counts its bad rows where it is read for itself
        listed = list(listed_drugs(files, elsewhere))
        slim = {f"DRUGBANK:{r['drugbank_id']}": r["name"] for r in drug_rows(files, elsewhere)}
        known = _Known(listed, slim, partners(files), substances(files))
        for drug in listed:
            if not drug.combination and known.drugbank_of(drug) is None:
                yield from self._same(drug.id, drug.label, known.drugbank_names, known, report)
        unlisted = {
            id_: label for id_, label in _labels(files).items() if not known.has(id_) and label
        }
        for id_, label in unlisted.items():
            if not parts(label) and not id_.startswith("DRUGBANK:"):
                yield from self._same(id_, label, known.names, known, report)
        yield from self._parts(listed, unlisted, known, report)

    def _same(
        self,
        id_: str,
        label: str,
        names: dict[str, set[str]],
        known: "_Known",
        report: DropReport,
    ) -> Iterator[Mapping]:
        bearers = names.get(plain(label), set()) - {id_}
        if len(bearers) > 1:
            report.drop("name borne by two drugs, not merged", f"{id_} {label}")
        if len(bearers) != 1 or len(plain(label)) < _SHORTEST_NAME:
            return
        (bearer,) = bearers
        if known.listed_twin(bearer, id_):
            report.drop("name of a drug that another listed drug is, not merged", f"{id_} {label}")
            return
        known.merged.add(id_)
        yield Mapping(
            subject=id_,
            object=bearer,
            source=self.facts.name,
            justification="semapv:LexicalMatching",
            confidence=0.7,
        )

    def _parts(
        self,
        listed: list[ListedDrug],
        unlisted: dict[str, str],
        known: "_Known",
        report: DropReport,
    ) -> Iterator[Statement]:
        for drug in listed:
            for form in drug.forms:  # a salt with an entry of its own in DrugBank
                if form in known.slim and not known.claimed(form):
                    yield self._part(form, drug.id, "form")
        joined = {drug.id: drug.label for drug in listed if known.needs_parts(drug)} | unlisted
        for id_, label in joined.items():
            if id_ in known.merged:
                continue
            owners = known.forms.get(id_, set()) - {id_}
            if len(owners) == 1:
                yield self._part(id_, next(iter(owners)), "form")
                continue
            names = parts(label) or known.halves(label)
            found = {known.one(name, beside=id_) for name in names or (label,)} - {None}
            if not found:
                report.mend("drug that no name joins to another", f"{id_} {label}")
            for ingredient in sorted(filter(None, found)):
                yield self._part(id_, ingredient, "ingredient" if names else "form")

    def _part(self, whole: str, ingredient: str, kind: str) -> Statement:
        return Statement(
            subject=whole,
            predicate=Predicate.HAS_PART,
            object=ingredient,
            source=self.facts.name,
            confidence=0.8,
            qualifiers=(("kind", kind),),
        )


class _Known:
    """The drugs that have an entry of their own, and who bears which name."""

    def __init__(
        self,
        listed: list[ListedDrug],
        slim: dict[str, str],
        partners: dict[str, set[str]],
        substances: dict[str, str],
    ) -> None:
        self.slim = slim
        self.merged: set[str] = set()
        self.names: dict[str, set[str]] = defaultdict(set)
        self.drugbank_names: dict[str, set[str]] = defaultdict(set)
        self.forms: dict[str, set[str]] = defaultdict(set)
        self._owner: dict[str, str] = {}
        for drug in listed:
            self._owner[drug.id] = drug.id
            for same in drug.same:
                self._owner.setdefault(same, drug.id)
        for drug in listed:
            if not drug.combination:
                self.names[plain(drug.label)].add(drug.id)
            for narrower in (*drug.forms, *drug.products):
                if narrower not in self._owner:
                    self.forms[narrower].add(drug.id)
        for id_, drugs in partners.items():
            approved = drugs & slim.keys()
            if len(approved) == 1 and id_ not in self.forms:
                (drug_id,) = approved
                self.forms[id_].add(self._owner.get(drug_id, drug_id))
        for id_, name in slim.items():
            self.drugbank_names[plain(name)].add(id_)
            if not self.names.get(plain(name)):  # the listed drug of that name goes first
                self.names[plain(name)].add(self._owner.get(id_, id_))

        for name, code in substances.items():
            if not self.names.get(name):
                self.names[name].add(code)

    def has(self, id_: str) -> bool:
        """Whether the id is that of a listed drug or of one in DrugBank's table."""
        return id_ in self._owner or id_ in self.slim

    def claimed(self, id_: str) -> bool:
        """Whether a listed drug is this one."""
        return id_ in self._owner

    def listed_twin(self, bearer: str, id_: str) -> bool:
        """Whether the bearer of the name is already another listed drug than `id_`."""
        owner = self._owner.get(bearer)
        return owner is not None and id_ in self._owner and owner != self._owner[id_]

    @staticmethod
    def drugbank_of(drug: ListedDrug) -> str | None:
        """DrugBank id that the list itself gives to the drug."""
        return next((x for x in (drug.id, *drug.same) if x.startswith("DRUGBANK:")), None)

    def needs_parts(self, drug: ListedDrug) -> bool:
        """Whether nothing that the list states leads from the drug to one with an entry."""
        if drug.combination:
            return not drug.ingredients
        return self.drugbank_of(drug) is None and not any(x in self.slim for x in drug.forms)

    def halves(self, label: str) -> tuple[str, ...]:
        """Both words of a label like `piperacillin-tazobactam` when each is the name of a drug."""
        words = tuple(plain(label).split())
        return words if len(words) == 2 and all(self.names.get(word) for word in words) else ()

    def one(self, name: str, *, beside: str) -> str | None:
        """The one other drug of that name, or of that name without salt and product words."""
        for words in (plain(name), ingredient_name(name)):
            bearers = self.names.get(words, set())
            if beside in bearers:
                continue  # a namesake is no form of the drug
            if len(bearers) == 1 and len(words) >= _SHORTEST_NAME:
                return next(iter(bearers))
        return None


def _labels(files: DataFiles) -> dict[str, str]:
    """Ids and names of drugs that the indication, contraindication and mechanism tables use."""
    labels: dict[str, str] = {}
    for source in (EveryCureIndications(), EveryCureContraindications()):
        if all(files.has(name) for name in source.facts.files):
            for record in source.read(files, DropReport()):
                if isinstance(record, Node) and record.type is NodeType.DRUG:
                    labels.setdefault(record.id, record.label)
    if files.has(drugmechdb.FILE):
        labels = drugmechdb.named_drugs(files) | labels
    return labels
