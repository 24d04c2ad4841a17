"""PubMed and MEDLINE XML: `PubmedArticle` elements of the baseline and of efetch.

Decides which of its fields become a `Document`. Abstracts are not marked with a licence there, so
their sentences are not passed on. https://www.nlm.nih.gov/bsd/licensee/elements_descriptions.html
"""

from collections.abc import Iterator

from lxml import etree

from kg.literature.document import AnnotatedDocument, Document, Section

from .problem import DocumentError, DocumentReadError
from .words import publication_id
from .xml_stream import text_of

__all__ = ["pubmed_document"]

_KINDS = {
    "background": "introduction",
    "objective": "introduction",
    "methods": "methods",
    "results": "results",
    "conclusions": "conclusion",
}


def pubmed_document(
    element: etree._Element, where: str
) -> Iterator[AnnotatedDocument | DocumentError]:
    """The document of a `PubmedArticle` or `MedlineCitation` element.

    An abstract in labelled parts is one section a part, one character apart; all are parts of the
    abstract, and their kind says which.
    """
    own = element.find("MedlineCitation")
    citation = element if own is None else own
    pmid = publication_id(citation.findtext("PMID") or "", "PMID")
    if pmid is None:
        raise DocumentReadError(
            "an article without a PMID", "write its PMID element", kind="identifier"
        )
    where = f"{where}:{pmid}"
    article = citation.find("Article")
    title = text_of(citation.find("Article/ArticleTitle"))
    if not title.strip("[]. "):
        title = text_of(citation.find("Article/VernacularTitle"))
    sections = [Section(kind="title", text=title, offset=0)]
    for part in citation.iterfind("Article/Abstract/AbstractText"):
        text = text_of(part)
        if not text:
            continue
        label = (part.get("NlmCategory") or part.get("Label") or "").lower()
        sections.append(
            Section(
                kind=_KINDS.get(label, "abstract"),
                title=(part.get("Label") or "").title(),
                text=text,
                offset=sections[-1].end + 1,
            )
        )
    if article is None or not any(section.text for section in sections):
        yield DocumentError(
            where=where, problem="has neither title nor abstract", mend="give one", kind="empty"
        )
        return
    ids = {item.get("IdType"): (item.text or "") for item in _article_ids(element)}
    doi = ids.get("doi") or next(
        (e.text or "" for e in article.iterfind("ELocationID") if e.get("EIdType") == "doi"), ""
    )
    yield AnnotatedDocument(
        document=Document(
            id=pmid.removeprefix("PMID:"),
            sections=tuple(sections),
            pmid=pmid,
            pmcid=publication_id(ids.get("pmc", ""), "PMCID"),
            doi=publication_id(doi, "DOI"),
            year=_year(article),
            publication_types=tuple(
                text_of(e) for e in article.iterfind("PublicationTypeList/PublicationType")
            ),
            keywords=tuple(
                text_of(e) for e in citation.iterfind("MeshHeadingList/MeshHeading/DescriptorName")
            )
            + tuple(text_of(e) for e in citation.iterfind("KeywordList/Keyword")),
        )
    )


def _article_ids(element: etree._Element) -> Iterator[etree._Element]:
    found: Iterator[etree._Element] = element.iterfind("PubmedData/ArticleIdList/ArticleId")
    return found


def _year(article: etree._Element) -> int | None:
    date = article.find("Journal/JournalIssue/PubDate")
    text = "" if date is None else (date.findtext("Year") or date.findtext("MedlineDate") or "")
    return int(text[:4]) if text[:4].isascii() and text[:4].isdigit() else None
