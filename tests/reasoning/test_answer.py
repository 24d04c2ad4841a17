"""The answer contract: the published JSON Schema is the model's; unknown fields are refused."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from reasoning.answer import Answer

DOCS = Path(__file__).parents[2] / "docs"


def test_the_published_schema_is_that_of_the_model() -> None:
    published = json.loads((DOCS / "answer.schema.json").read_text(encoding="utf-8"))
    assert published == Answer.model_json_schema(), (
        "write it anew: python -c 'import json; from reasoning.answer import Answer; "
        "print(json.dumps(Answer.model_json_schema(), indent=1))' > docs/answer.schema.json"
    )


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="diagnosis"):
        Answer.model_validate(
            {"graph": {"digest": "a", "release": ""}, "model": {"digest": "b"}, "diagnosis": []}
        )
