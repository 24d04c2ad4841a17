"""The HTML report: answers, their evidence and a picture, in one file without outside parts.

Decides what the report shows; the words and the look are in `templates/report.html`.
"""

from collections.abc import Sequence
from importlib import resources

import jinja2
from markupsafe import Markup

from .answer import Answer
from .picture import draw_evidence
from .render import certainty_lines, describe_path, publications_of

__all__ = ["render_html"]


def _link(curie: str) -> str:
    """Web address of an identifier, or an empty string when it has none."""
    from kg.identifiers import to_iri

    try:
        iri = to_iri(curie)
    except ValueError:
        return ""
    return iri if iri.startswith("http") else ""


def render_html(
    answers: Sequence[Answer], *, title: str = "iatros report", tables: Sequence[str] = ()
) -> str:
    """One self-contained HTML page.

    Args:
        answers: What to show, in order.
        title: Heading of the page.
        tables: Plain-text tables (such as an evaluation) shown before the answers.
    """
    template = resources.files("reasoning").joinpath("templates/report.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["link"] = _link
    environment.filters["path"] = describe_path
    environment.filters["certainty"] = certainty_lines
    environment.filters["cited"] = publications_of
    pictures = [Markup(draw_evidence(a)) for a in answers]  # noqa: S704 - our own SVG, text escaped
    return environment.from_string(template).render(
        title=title, tables=tables, answers=list(zip(answers, pictures, strict=True))
    )
