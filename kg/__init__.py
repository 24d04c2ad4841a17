"""Symbols: identifiers, sources, the RDF store, compiled snapshots and cases.

Decides what is known and where it was said. Vectors begin in `encoders`. Nothing is imported here,
so that a reader of snapshots does not wait for a store; import the module that you need.
"""

__all__: list[str] = []
