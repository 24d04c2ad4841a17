"""The next question: which findings to ask about now, and how each is looked for.

Decides which of the valuable findings are shown (none that says nearly the same as a better one)
and the cost class of the examination that shows it. What a question is worth is decided in
`fusion.symbolic.questions`; examinations are the graph's (MAxO observability of HPO terms).
"""

from collections import defaultdict
from threading import Lock

import numpy as np
import numpy.typing as npt

from fusion.predictor import Predictor
from fusion.symbolic.questions import QuestionValue
from kg.case import ClinicalCase
from kg.vocabulary import Predicate

from .answer import CostClass, Examination, Question
from .entities import Entities

__all__ = ["NextQuestions", "cost_class"]

_EXAMINATIONS = 3
_CLASSES: tuple[tuple[CostClass, tuple[str, ...]], ...] = (
    ("invasive", ("biopsy", "scopy procedure", "colonoscopy", "gastroscopy", "bronchoscop",
                  "endoscopy", "laryngoscopy", "bone marrow", "cerebrospinal", "lavage",
                  "venography", "fluorescein", "tissue", "catheter", "histolog")),
    ("genetic", ("genetic", "sequencing", "karyotyp", "chromosom", "molecular")),
    ("imaging", ("radiograph", "mri", "magnetic", " ct", "ct ", "tomograph", "ultraso", "echo",
                 "angiogra", "imaging", "mammogra", "lymphograph", "scintigra")),
    ("laboratory", ("measurement", "assay", "blood", "urine", "serolog", "chemistry", "culture",
                    "cytometry", "stool", "sperm", "biomarker", "microscop", "coagulation")),
    ("recording", ("electro", "evoked", "nerve conduction", "perimetry", "polysomno",
                   "spirometr", "audiometr")),
    ("examination", ("assessment", "evaluation", "examination", "fundoscopy", "auscultation",
                     "slit-lamp", "acuity", "refraction", "action")),
)  # fmt: skip
_CHEAPEST = {
    name: at
    for at, name in enumerate(
        ("examination", "recording", "laboratory", "imaging", "genetic", "invasive", "other")
    )
}


def cost_class(examination: str) -> CostClass:
    """How much an examination asks of patient and purse, by its name.

    >>> cost_class("biopsy of kidney"), cost_class("neurologist evaluation"), cost_class("brain CT")
    ('invasive', 'examination', 'imaging')
    """
    name = examination.casefold()
    for found, words in _CLASSES:
        if any(word in name for word in words):
            return found
    return "other"


class NextQuestions:
    """Questions for the patients of one model.

    Args:
        predictor: A calibrated model.
        entities: Nodes in words.
    """

    def __init__(self, predictor: Predictor, entities: Entities) -> None:
        self._snapshot = predictor.graph
        self._ontology = predictor.symbolic.knowledge.ontology
        self._content = predictor.symbolic.profiles.content
        self._encoder = predictor.symbolic.knowledge.encoder
        self._value = QuestionValue(self._ontology, predictor.symbolic.profiles)
        self._entities = entities
        self._tests: dict[int, list[int]] | None = None
        self._lock = Lock()

    def best(
        self,
        case: ClinicalCase,
        belief: npt.NDArray[np.float64],
        *,
        most: int = 5,
    ) -> tuple[Question, ...]:
        """The findings whose answer would tell most, best first.

        Args:
            case: What has been said.
            belief: Probability of each disease of the catalogue.
            most: Questions to list.
        """
        terms, gains = self._value.gains(belief, self._encoder.encode(case))
        chosen: list[Question] = []
        said: set[int] = set()
        for at in np.argsort(-gains, kind="stable").tolist():
            term = int(terms[at])
            if len(chosen) == most or gains[at] <= 0.0:
                break
            ancestors = self._ontology.ancestors_of(term).tolist()
            if term in said or not said.isdisjoint(ancestors):
                continue  # its neighbour in the hierarchy is asked about already
            chosen.append(self._question(term, float(gains[at]), belief))
            said.add(term)
            said.update(a for a in ancestors if self._content[a] > 0.5 * self._content[term])
        return tuple(chosen)

    def _question(self, term: int, gain: float, belief: npt.NDArray[np.float64]) -> Question:
        node = int(self._ontology.nodes[term])
        return Question(
            finding=self._entities.of(node),
            gain_nats=round(gain, 4),
            chance_of_yes=round(self._value.chance_of_yes(belief, term), 4),
            examinations=self._examinations(term),
        )

    def _examinations(self, term: int) -> tuple[Examination, ...]:
        """Tests of the term, or of the nearest more general term that has some; cheapest first."""
        rows: list[int] = []
        tests = self._by_term()
        ancestors = self._ontology.ancestors_of(term)
        for at in ancestors[np.argsort(-self._content[ancestors], kind="stable")].tolist():
            if at in tests:
                rows = tests[at]
                break
        found = {}
        for row in rows:
            statement = self._snapshot.statement(row)
            if dict(statement.qualifiers).get("kind") == "prenatal":
                continue
            node = self._snapshot.index(statement.subject)
            if node is None:
                continue
            entity = self._entities.of(node)
            found[entity.id] = Examination(
                action=entity,
                cost=cost_class(entity.label),
                statement=self._snapshot.statement_id(row),
            )
        order = sorted(found.values(), key=lambda e: (_CHEAPEST[e.cost], e.action.label))
        return tuple(order[:_EXAMINATIONS])

    def _by_term(self) -> dict[int, list[int]]:
        """Rows of the statements that an action shows a phenotype, by its position."""
        with self._lock:
            if self._tests is None:
                tests: dict[int, list[int]] = defaultdict(list)
                edges = self._snapshot.edges(Predicate.DIAGNOSES)
                for row, tail in zip(edges.rows.tolist(), edges.tail.tolist(), strict=True):
                    if (at := self._ontology.position(tail)) is not None:
                        tests[at].append(row)
                self._tests = dict(tests)
        return self._tests
