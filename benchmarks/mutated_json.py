"""JSON documents damaged in their values or their bytes.

Decides the damage that the fuzzers of phenopackets and of FHIR bundles share; which wrong values
are put in is theirs.
"""

import copy
import json
import random
from collections.abc import Sequence
from typing import Any

__all__ = ["broken", "damaged"]


def broken(
    document: dict[str, Any], rng: random.Random, *, wrong: Sequence[Any], most: int
) -> dict[str, Any]:
    """A copy with one to `most` damaged places, anywhere in the tree.

    Args:
        document: A JSON object.
        rng: Chooses places and damage.
        wrong: Values that do not belong.
        most: Largest number of places.
    """
    document = copy.deepcopy(document)
    for _ in range(rng.randint(1, most)):
        found = _places(document)
        if not found:
            break
        path = rng.choice(found)
        holder: Any = document
        for key in path[:-1]:
            holder = holder[key]
        action = rng.random()
        if action < 0.2:
            del holder[path[-1]]
        elif action < 0.3 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))
        else:
            holder[path[-1]] = copy.deepcopy(rng.choice(wrong))
    return document


def damaged(document: dict[str, Any], rng: random.Random) -> bytes:
    """Its bytes, some of them overwritten; at times filled in, cut off or doubled."""
    data = bytearray(json.dumps(document).encode())
    for _ in range(rng.randint(1, 5)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    if rng.random() < 0.2:
        at = rng.randrange(len(data))
        data[at:at] = rng.randbytes(rng.randint(1, 200))
    if rng.random() < 0.3:
        del data[rng.randrange(1, len(data)) :]
    if rng.random() < 0.1:
        data *= 2
    return bytes(data)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Path of every value in a JSON tree."""
    members: Any = ()
    if isinstance(node, dict):
        members = node.items()
    elif isinstance(node, list):
        members = enumerate(node)
    return [path] * bool(path) + [p for key, value in members for p in _places(value, (*path, key))]
