"""Gene symbols as identifiers, for sources that know a gene by its symbol alone.

Decides how far a symbol is trusted: less than any table of ids, so that a symbol which two genes
have had over the years joins one of them at most (`kg.identity`).
"""

import re
from collections.abc import Iterator

from kg.statements import Mapping

__all__ = ["symbol_mapping"]

_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@/-]*")


def symbol_mapping(gene: str, symbol: str, source: str) -> Iterator[Mapping]:
    """The mapping from a gene id to its symbol; none when the symbol is no single word."""
    if _SYMBOL.fullmatch(symbol):
        yield Mapping(
            subject=gene,
            object=f"SYMBOL:{symbol}",
            source=source,
            justification="semapv:LexicalMatching",
            confidence=0.6,
        )
