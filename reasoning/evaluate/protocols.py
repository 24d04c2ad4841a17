"""What a ranker may know when it is tested: three protocols, always reported together.

Decides the split and the leakage control. Parts are whole connected components of publications.
While choices are made on the development part, the training part alone is learnt from; when the
test part is reported, all that is neither tested nor needed for temperatures is, as in use.

- `as-published`: no control of the annotations; comparable with published tools, half of whose test
  cases stand in a paper that the annotation of their own disease was written from.
- `paper-out`: annotations and patients that cite any publication of the test cases fall, and so do
  the publications of at least 1,000 random other diseases (decoys), or emptiness would give the
  answer away.
- `disease-out`: paper-out, and no published patient of any test disease either (zero-shot).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fusion.symbolic import ReferenceCases, SymbolicKnowledge, balanced_folds, decoy_publications

__all__ = ["PROTOCOLS", "Part", "Protocol", "Setting", "SplitOptions", "split_parts"]

IntArray = npt.NDArray[np.int32]

Protocol = Literal["as-published", "paper-out", "disease-out"]
PROTOCOLS: tuple[Protocol, ...] = ("as-published", "paper-out", "disease-out")
Part = Literal["train", "dev", "test"]

_SIXTHS: Mapping[Part, tuple[int, ...]] = {"test": (0,), "dev": (1,), "train": (2, 3, 4, 5)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOptions:
    """How cases are cut and controlled.

    Attributes:
        seed: Of the split and of the decoys.
        n_decoys: Random other diseases that lose their publications; below 1,000 is for toys.
        n_calibration: Cases at most that temperatures are fitted on when `test` is tested; they are
            kept from training and belong to the development part.
    """

    seed: int = 0
    n_decoys: int = 1000
    n_calibration: int = 200


def split_parts(references: ReferenceCases, *, seed: int = 0) -> dict[Part, IntArray]:
    """Rows of each part: a sixth for test, a sixth for development, the rest for training."""
    sixth = balanced_folds(references.components(), n_folds=6, rng=np.random.default_rng([seed, 6]))
    return {
        part: np.flatnonzero(np.isin(sixth, numbers)).astype(np.int32)
        for part, numbers in _SIXTHS.items()
    }


def _calibration_rows(
    references: ReferenceCases, development: IntArray, options: SplitOptions
) -> IntArray:
    """Rows of whole components of the development part, as many as are asked for at most."""
    rng = np.random.default_rng([options.seed, 7])
    component = references.components()[development]
    taken: list[int] = []
    n_taken = 0
    for own in rng.permutation(np.unique(component)).tolist():
        size = int((component == own).sum())
        if n_taken + size <= options.n_calibration:
            taken.append(own)
            n_taken += size
    return development[np.isin(component, taken)]


def _touching(references: ReferenceCases, unseen: ReferenceCases) -> npt.NDArray[np.bool_]:
    """True for cases that are given too, or are connected with a given one by papers."""
    n = len(references)
    both = ReferenceCases(
        patients=(*references.patients, *unseen.patients),
        disease=np.concatenate([references.disease, unseen.disease]),
        publications=(*references.publications, *unseen.publications),
        case_ids=(*references.case_ids, *unseen.case_ids),
    ).components()
    same: npt.NDArray[np.bool_] = np.isin(references.case_ids, unseen.case_ids)
    return same | np.isin(both[:n], both[n:])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """One protocol made concrete.

    Attributes:
        protocol: Its name.
        knowledge: The graph as arrays.
        training: Cases that rankers may learn from and compare with.
        tested: Cases under test.
        calibration: Cases of another part, for temperatures; empty when `dev` is tested.
        excluded: Publications that nobody may know at test time.
        held_out: Publications of tested and calibration cases (in `excluded` unless as published).
        options: Split and decoys.
        is_given: The cases under test were given, and are no part of the split of the others.
    """

    protocol: Protocol
    knowledge: SymbolicKnowledge
    training: ReferenceCases
    tested: ReferenceCases
    calibration: ReferenceCases
    excluded: frozenset[str]
    held_out: frozenset[str]
    options: SplitOptions
    is_given: bool = False

    @classmethod
    def make(
        cls,
        protocol: Protocol,
        *,
        knowledge: SymbolicKnowledge,
        references: ReferenceCases,
        tested: Part = "test",
        unseen: ReferenceCases | None = None,
        options: SplitOptions | None = None,
    ) -> "Setting":
        """The setting of a protocol on the split of the cases.

        Args:
            protocol: One of `PROTOCOLS`.
            knowledge: The graph as arrays.
            references: All cases with a known disease.
            tested: `test`, or `dev` while anything is still being chosen.
            unseen: Tested instead of a part; of the others all is learnt from that has no contact.
            options: Split and decoys.
        """
        chosen = options or SplitOptions()
        if unseen is not None:
            references = references.select(~_touching(references, unseen))
        parts = split_parts(references, seed=chosen.seed)
        test = references.select(parts[tested]) if unseen is None else unseen
        learnt, kept = parts["train"], parts["dev"][:0]
        if tested == "test":
            kept = _calibration_rows(references, parts["dev"], chosen)
            learnt = np.sort(np.r_[learnt, np.setdiff1d(parts["dev"], kept)])
        if unseen is not None:
            learnt = np.sort(np.r_[learnt, parts["test"]])
        training, spare = references.select(learnt), references.select(kept)
        held_out = frozenset[str]().union(*test.publications, *spare.publications)
        excluded: frozenset[str] = frozenset()
        if protocol != "as-published":
            excluded = held_out | decoy_publications(
                knowledge,
                n_decoys=chosen.n_decoys,
                rng=np.random.default_rng([chosen.seed, 1]),
                spare=test.disease.tolist(),
            )
        if protocol == "disease-out":
            training = training.select(~np.isin(training.disease, test.disease))
        return cls(
            protocol=protocol,
            knowledge=knowledge,
            training=training,
            tested=test,
            calibration=spare,
            excluded=excluded,
            held_out=held_out,
            options=chosen,
            is_given=unseen is not None,
        )

    def control(self) -> str:
        """One sentence for the caption of a result table."""
        apart = f"split by connected components of publications (seed {self.options.seed})"
        if self.is_given:
            apart = "given apart, connected by papers with no training case"
        split = (
            f"{len(self.tested)} cases of {len(np.unique(self.tested.disease))} diseases, "
            f"{self.knowledge.catalogue.n_diseases} candidates, {apart}, "
            f"{len(self.training)} training cases"
        )
        if len(self.calibration):
            split += f", {len(self.calibration)} for temperatures"
        if self.protocol == "as-published":
            return f"{split}; annotations untouched (no control)"
        decoys = (
            f"annotations and cases of test publications removed, and those of "
            f"{self.options.n_decoys} random decoy diseases"
        )
        zero = "; no training case of any test disease" if self.protocol == "disease-out" else ""
        return f"{split}; {decoys}{zero}"
