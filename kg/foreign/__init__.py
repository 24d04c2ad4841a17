"""RDF that somebody else made, as a source of a build: any format, any address, one mapping.

Decides how foreign classes and properties become nodes, mappings and statements. How several
sources become one graph is decided in `kg.build`.
"""

from .graph import RdfGraph, rdf_sources
from .mapping import MappingError, RdfMapping, Relation, read_mapping
from .origin import Endpoint, RdfFile, locate

__all__ = [
    "Endpoint",
    "MappingError",
    "RdfFile",
    "RdfGraph",
    "RdfMapping",
    "Relation",
    "locate",
    "rdf_sources",
    "read_mapping",
]
