"""Dates as HTTP and WebDAV write them: three forms are read, one is written, and ISO 8601 for creationdate.

Written dates are cached by second and by day: a listing formats two for every member.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from davdrive.dav.headers.mtime import EARLIEST_S, LATEST_S

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBER = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}
_CLOCK = tuple(f"{minute // 60:02}:{minute % 60:02}:" for minute in range(1440))
_SECOND = tuple(f"{second:02}" for second in range(60))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CACHED_SECONDS = 8192  # the members of one large listing
CACHED_DAYS = 4096  # ten years

_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_IMF = rf"[a-z]{{3}},\s*(?P<day>\d{{1,2}})\s+(?P<month>[a-z]{{3}})\s+(?P<year>\d{{4}})\s+{_TIME}\s+(?:GMT|UTC)"
_RFC850 = rf"[a-z]{{6,9}},\s*(?P<day>\d\d)-(?P<month>[a-z]{{3}})-(?P<year>\d\d)\s+{_TIME}\s+(?:GMT|UTC)"
_ASCTIME = rf"[a-z]{{3}}\s+(?P<month>[a-z]{{3}})\s+(?P<day>\d{{1,2}})\s+{_TIME}\s+(?P<year>\d{{4}})"
_FORMS = tuple(re.compile(form, re.IGNORECASE | re.ASCII) for form in (_IMF, _RFC850, _ASCTIME))
_CENTURY_AHEAD = 50  # RFC 9110 §5.6.7: a two-digit year over 50 years ahead means the past
MAX_DATE_CHARACTERS = 64  # the longest of the three forms has 33


def parse_http_date(value: str | None, this_year: int | None = None) -> int | None:
    """Return unix seconds for any of the three forms of RFC 9110 §5.6.7; None when missing or no date.

    An invalid date makes its header be ignored (RFC 9110 §13.1.3, §13.1.4). `this_year` decides the century of
    RFC 850 dates; None takes it from the clock.
    """
    if value is None or len(value) > MAX_DATE_CHARACTERS:
        return None
    for form in _FORMS:
        match = form.fullmatch(value.strip())
        if match is not None:
            return _unix_seconds(match, this_year)
    return None


def _unix_seconds(match: re.Match[str], this_year: int | None) -> int | None:
    month = _MONTH_NUMBER.get(match["month"].lower())
    if month is None:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        year = _full_year(year, this_year or datetime.now(UTC).year)
    second = min(int(match["second"]), 59)  # a leap second
    try:
        day = datetime(year, month, int(match["day"]), int(match["hour"]), int(match["minute"]), second, tzinfo=UTC)
    except ValueError:
        return None
    return (day - _EPOCH) // timedelta(seconds=1)


def _full_year(two_digits: int, this_year: int) -> int:
    year = this_year - this_year % 100 + two_digits
    return year - 100 if year > this_year + _CENTURY_AHEAD else year


@lru_cache(CACHED_DAYS)
def _http_day(days: int) -> str:
    date = _EPOCH + timedelta(days=days)
    return f"{_DAYS[date.weekday()]}, {date.day:02} {_MONTHS[date.month - 1]} {date.year:04} "


@lru_cache(CACHED_SECONDS)
def http_date(unix_seconds: int) -> str:
    """Return `unix_seconds` as an IMF-fixdate (RFC 9110 §5.6.7); times outside the years 1 to 9999 become the nearest
    inside."""
    days, second = divmod(min(max(unix_seconds, EARLIEST_S), LATEST_S), 86_400)
    return f"{_http_day(days)}{_CLOCK[second // 60]}{_SECOND[second % 60]} GMT"


@lru_cache(CACHED_DAYS)
def _iso_day(days: int) -> str:
    date = _EPOCH + timedelta(days=days)
    return f"{date.year:04}-{date.month:02}-{date.day:02}T"


@lru_cache(CACHED_SECONDS)
def iso_date(unix_seconds: int) -> str:
    """Return `unix_seconds` as creationdate writes it (RFC 4918 §15.1, RFC 3339); bounds as those of `http_date`."""
    days, second = divmod(min(max(unix_seconds, EARLIEST_S), LATEST_S), 86_400)
    return f"{_iso_day(days)}{_CLOCK[second // 60]}{_SECOND[second % 60]}Z"
