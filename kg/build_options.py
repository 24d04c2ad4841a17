"""What a build is asked for: sources, cases, controls, and the lists of ids that controls read.

Decides which requests make sense. The work is done in `kg.build`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .files import DataFiles
from .identifiers import IdentifierError, normalise
from .sources import Source, source_named
from .wording import in_words

__all__ = ["PROFILES", "BuildError", "BuildOptions", "Profile", "read_id_list"]

Profile = Literal["demo", "rare", "full"]
PROFILES: tuple[Profile, ...] = ("demo", "rare", "full")


class BuildError(RuntimeError):
    """A build that cannot be done; the message names the input and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What to build, from what, without what.

    Attributes:
        out: Folder to make; it must not exist, or hold an earlier build.
        files: Where source files are found.
        profile: `demo`, `rare` or `full`; None reads no source beside those that are named.
        sources: Names of sources to read instead of those of the profile.
        guests: Sources that are not in `kg.sources.SOURCES`, such as somebody's RDF; read last.
        cases: Files, folders or zips of cases; None takes those of the profile, () takes none.
        exclude_publications: PMIDs; statements and cases that cite any of them are left out.
        holdout_treatments: Disease ids that lose their treatments together with their family.
        strip_decoys: Number of random other diseases whose publications are excluded as well.
        seed: Of the choice of decoys.
        licence_filter: `permissive` leaves out sources that are non-commercial or state no licence.
        notes: Whether the notes of cases are written into the graph.
        store: Whether the RDF store is made now. Without it the same RDF stands in `graph.nq.gz`,
            which takes a fraction of the time, and `kg.graph_folder.open_rdf` loads it when it is
            first asked.
        records: Folder of readings that are kept from build to build; None keeps none.
    """

    out: Path
    files: DataFiles = field(default_factory=DataFiles)
    profile: Profile | None = "demo"
    sources: tuple[str, ...] = ()
    guests: tuple[Source, ...] = ()
    cases: tuple[Path, ...] | None = None
    exclude_publications: frozenset[str] = frozenset()
    holdout_treatments: frozenset[str] = frozenset()
    strip_decoys: int = 0
    seed: int = 0
    licence_filter: Literal["permissive"] | None = None
    notes: bool = True
    store: bool = True
    records: Path | None = None

    def __post_init__(self) -> None:
        if self.profile is not None and self.profile not in PROFILES:
            raise ValueError(f"profile: {self.profile!r} is not one of {', '.join(PROFILES)}")
        if self.strip_decoys < 0:
            raise ValueError(f"strip_decoys: {self.strip_decoys} is negative")
        known = {source_named(name).facts.name for name in self.sources}
        for guest in self.guests:
            if guest.facts.name in known:
                raise ValueError(f"guests: two sources are called {guest.facts.name!r}")
            known.add(guest.facts.name)


def read_id_list(path: Path, *, kind: Literal["publication", "disease"]) -> frozenset[str]:
    """Identifiers of a file with one id a line; bare digits are PubMed ids.

    Raises:
        BuildError: The file cannot be read, or a line is no identifier.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(
            f"{path}: cannot be read ({in_words(error)}); give one id a line, such as PMID:12345"
        ) from error
    ids = set()
    for number, line in enumerate(text.splitlines(), 1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        try:
            bare = kind == "publication" and word.isdigit()
            ids.add(f"PMID:{word}" if bare else normalise(word))
        except IdentifierError as error:
            raise BuildError(f"{path}: line {number}: {error}") from error
    return frozenset(ids)
