"""Clinical populations: where their patients are found and what is true of them as a whole.

Decides which populations a profile reads, and the licence and release that every statement about
one of their patients carries. Patients that somebody gives with `--cases` belong to the population
that their records name, or to `patients`. What a patient's statements look like is decided in
`kg.cases.statements`.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kg.case import ClinicalCase
from kg.files import DataFiles, MissingSourceError
from kg.terms import GRAPH_OF_CASES

__all__ = ["POPULATIONS", "Population", "population_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """A set of patients that one publisher gave out.

    Attributes:
        name: Short name; `ClinicalCase.source` of its patients, and the end of its graph's IRI.
        title: Name for people.
        homepage: Web address.
        licence: SPDX identifier or the publisher's words.
        licence_class: `permissive`, `noncommercial` or `unstated`.
        release: Version or revision.
        location: File or folder of the mirror; empty for patients that were given.
        profiles: Build profiles that read it.
    """

    name: str
    title: str = "Patients given with the build"
    homepage: str = ""
    licence: str = "none stated"
    licence_class: Literal["permissive", "noncommercial", "unstated"] = "unstated"
    release: str = "as given"
    location: str = ""
    profiles: frozenset[str] = frozenset()

    @property
    def graph(self) -> str:
        """IRI of the named graph that holds its patients."""
        return f"{GRAPH_OF_CASES}/{self.name}"

    def find(self, files: DataFiles) -> Path:
        """The file or folder.

        Raises:
            MissingSourceError: It is nowhere.
        """
        folder = None if files.mirror is None else files.mirror / self.location
        if folder is not None and folder.is_dir():
            return folder
        if not Path(self.location).suffix:
            raise MissingSourceError(f"{self.location}: no such folder in the mirror")
        return files.open_path(self.location)


POPULATIONS = (
    Population(
        name="iatros_cohort",
        title="iatros demo cohort of published cases",
        homepage="https://w3id.org/iatros/",
        licence="Apache-2.0",
        licence_class="permissive",
        release="0.1.0",
        location="iatros/demo_cases.jsonl",
        profiles=frozenset({"demo"}),
    ),
    Population(
        name="phenopacket_store",
        title="Phenopacket Store, published patients",
        homepage="https://github.com/monarch-initiative/phenopacket-store",
        licence="BSD-3-Clause",
        licence_class="permissive",
        release="b694d17ec6fd",
        location="phenopacket-store/all_phenopackets.zip",
        profiles=frozenset({"rare", "full"}),
    ),
    Population(
        name="mimic_iv_demo",
        title="MIMIC-IV demo, 100 hospital patients",
        homepage="https://physionet.org/content/mimic-iv-demo/",
        licence="ODbL-1.0",
        licence_class="permissive",
        release="b1e82daac441",
        location="mimic_iv_demo",
        profiles=frozenset({"full"}),
    ),
    Population(
        name="fhir_synthea",
        title="Synthea sample bundles (synthetic patients)",
        homepage="https://github.com/smart-on-fhir/generated-sample-data",
        licence="Apache-2.0",
        licence_class="permissive",
        release="25ac8089f046",
        location="fhir_synthea",
        profiles=frozenset({"full"}),
    ),
)
"""Populations that profiles read, in the order of reading."""

_BY_NAME = {population.name: population for population in POPULATIONS}
_GIVEN = Population(name="patients")


def population_of(case: ClinicalCase) -> Population:
    """The population of a case, by the source that its record names."""
    if case.source is None:
        return _GIVEN
    known = _BY_NAME.get(case.source)
    if known is not None:
        return known
    name = "".join(c if c.isalnum() or c in "_.-" else "_" for c in case.source)
    return replace(
        _GIVEN, name=name or _GIVEN.name, title=case.source, licence=case.licence or _GIVEN.licence
    )
