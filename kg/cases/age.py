"""Ages in years, from the ways in which the formats write them.

Decides how a duration becomes years: a month is a twelfth of a year, a year is 365.25 days.
"""

import re
from datetime import date

__all__ = ["years_between", "years_of_duration"]

_NUMBER = r"([0-9]{1,9}(?:[.,][0-9]{1,9})?)"
_DURATION = re.compile(
    rf"P(?=[0-9T])(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)
_YEARS = (1.0, 1 / 12, 7 / 365.25, 1 / 365.25, 1 / 8766, 1 / 525960, 1 / 31557600)
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T.*)?)?)?")


def years_of_duration(text: str) -> float | None:
    """Years of an ISO 8601 duration; None when the text is none.

    >>> years_of_duration("P2Y6M"), years_of_duration("2 years")
    (2.5, None)
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return None
    parts = zip(match.groups(), _YEARS, strict=True)
    return sum(float(number.replace(",", ".")) * years for number, years in parts if number)


def _date_of(text: str) -> date | None:
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = match.groups()
    try:
        return date(int(year), int(month or 7), int(day or 1))  # a bare year means its middle
    except ValueError:
        return None


def years_between(earlier: str, later: str) -> float | None:
    """Years between two ISO 8601 dates or times; None when one is no date or the order is wrong.

    >>> years_between("1970-01-01", "2020-01-01T00:00:00Z")
    50.0
    """
    first, last = _date_of(earlier), _date_of(later)
    if first is None or last is None or last < first:
        return None
    return round((last - first).days / 365.25, 2)
