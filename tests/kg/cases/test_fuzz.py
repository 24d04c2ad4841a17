"""Mutated documents: an answer or an error for each, an exception for none."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mutated_json import broken
from kg.case import ClinicalCase
from kg.cases import CaseError, read_cases
from kg.cases.document import cases_of_bytes

WRONG: tuple[Any, ...] = (
    None, 0, -1, 1e308, 10**400, True, "", " ", "\ud800", "HP:1", "HP:0001250", "x" * 3000, "\x00",
    "P-5Y", [], [[]], {}, {"id": 3}, [None], ["a"], [{}], {"coding": [{}]}, "2020-02-30", "P1Y",
)  # fmt: skip


def check(data: bytes) -> None:
    found = list(cases_of_bytes(data, where="f.json", fallback_id="f"))
    assert found
    for item in found:
        assert isinstance(item, ClinicalCase | CaseError)
        if isinstance(item, CaseError):
            line = str(item)
            assert line.startswith("f.json")
            assert line.isprintable()
            line.encode()  # a lone surrogate of the input must not reach the terminal
        else:
            assert ClinicalCase.from_json(item.to_json()) == item


@pytest.mark.parametrize("format_name", ["phenopacket", "bundle"])
def test_mutated_documents(format_name: str, request: pytest.FixtureRequest) -> None:
    document = request.getfixturevalue(format_name)
    rng = random.Random(0)
    for _ in range(400):
        check(json.dumps(broken(document, rng, wrong=WRONG, most=4)).encode())


def test_damaged_bytes(phenopacket: dict[str, Any], bundle: dict[str, Any]) -> None:
    rng = random.Random(1)
    for number in range(300):
        data = bytearray(json.dumps(bundle if number % 2 else phenopacket).encode())
        for _ in range(rng.randint(1, 5)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        check(bytes(data[: rng.randrange(1, len(data))] if number % 3 == 0 else data))


def test_a_mutated_case_never_hides_the_next(tmp_path: Path, phenopacket: dict[str, Any]) -> None:
    rng = random.Random(2)
    lines = []
    for number in range(100):
        lines += [
            json.dumps(broken(phenopacket, rng, wrong=WRONG, most=4)),
            f'{{"case_id":"ok{number}","note":"x"}}',
        ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = [c.case_id for c in read_cases([path]) if isinstance(c, ClinicalCase)]
    assert [c for c in found if c.startswith("ok")] == [f"ok{n}" for n in range(100)]
