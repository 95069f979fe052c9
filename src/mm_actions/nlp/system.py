"""A few system entities, enough for a sample app: numbers, amounts of money, days and times of day.

MindMeld recognises these with Duckling, in many languages; here it is English and what the patterns say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UP_TO_TWELVE: Final = "zero one two three four five six seven eight nine ten eleven twelve"
_NUMBERS: Final = {word: number for number, word in enumerate(_UP_TO_TWELVE.split(" "))} | {
    "dozen": 12,
    "fifteen": 15,
    "twenty": 20,
    "fifty": 50,
    "hundred": 100,
}
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_FLAGS: Final = re.IGNORECASE | re.ASCII
_NUMBER_TEXT: Final = rf"(?:[0-9]{{1,9}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_NUMBER: Final = re.compile(rf"(?<![.,\w]){_NUMBER_TEXT}(?![.,]?\w)", _FLAGS)
_MONEY: Final = re.compile(
    r"(?P<sign>[$€£])\s?(?P<signed>[0-9]{1,9}(?:\.[0-9]{1,2})?)"
    rf"|(?P<counted>[0-9]{{1,9}}\.[0-9]{{1,2}}|{_NUMBER_TEXT})\s?(?P<unit>dollars?|bucks|euros?|pounds?|cents?)",
    _FLAGS,
)
_UNITS: Final = {"d": "$", "b": "$", "e": "EUR", "p": "GBP", "c": "cent", "$": "$", "€": "EUR", "£": "GBP"}

_DAY: Final = rf"(?:today|tonight|tomorrow|{'|'.join(_WEEKDAYS)})"
_CLOCK: Final = (
    r"(?:(?:1[0-2]|0?[1-9])(?::[0-5][0-9])?\s?(?:[ap]m|o'clock)"
    r"|(?:[01]?[0-9]|2[0-3]):[0-5][0-9]|noon|midnight)"
)
_HOUR: Final = r"(?:1[0-9]|2[0-3]|[0-9])"
_TIME: Final = re.compile(
    rf"(?P<day>{_DAY})(?:\s(?:at\s)?(?P<clock>{_CLOCK})|\sat\s(?P<hour>{_HOUR})(?![\w:]))?"
    rf"|(?P<clock2>{_CLOCK})(?:\s(?:on\s)?(?P<day2>{_DAY}))?"
    rf"|at\s(?P<hour2>{_HOUR})(?:\s(?:on\s)?(?P<day3>{_DAY}))?(?![\w:])",
    _FLAGS,
)
_AFTERNOON: Final = 12
_EVENING: Final = 18
_TEN_DIGITS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemEntity:
    """A recognised system entity; its place is a half-open range of characters."""

    start: int
    end: int
    value: dict[str, Any]


def clock(timestamp: Any = None, time_zone: Any = None) -> datetime:
    """Return the moment that "today" refers to.

    Args:
        timestamp: Unix time in milliseconds or, with ten digits, in seconds; now if it is no such number.
        time_zone: An IANA name or a ``tzinfo``; UTC if it is neither.
    """
    zone: tzinfo = UTC
    if isinstance(time_zone, tzinfo):
        zone = time_zone
    elif isinstance(time_zone, str):
        try:
            zone = ZoneInfo(time_zone)
        except (OSError, ValueError, LookupError):
            zone = UTC
    if isinstance(timestamp, int) and timestamp > 0:
        seconds = timestamp if len(str(timestamp)) <= _TEN_DIGITS else timestamp / 1000
        try:
            return datetime.fromtimestamp(seconds, tz=zone)
        except (OSError, OverflowError, ValueError):
            pass
    return datetime.now(tz=zone)


def _numbers(text: str, _: datetime) -> Iterator[SystemEntity]:
    for found in _NUMBER.finditer(text):
        yield SystemEntity(start=found.start(), end=found.end(), value={"value": _number(found[0])})


def _number(text: str) -> int:
    word = text.lower()
    return _NUMBERS[word] if word in _NUMBERS else int(word)


def _money(text: str, _: datetime) -> Iterator[SystemEntity]:
    for found in _MONEY.finditer(text):
        amount = found["signed"] or found["counted"]
        value = float(amount) if "." in amount else _number(amount)
        unit = _UNITS[(found["sign"] or found["unit"])[0].lower()]
        yield SystemEntity(start=found.start(), end=found.end(), value={"value": value, "unit": unit})


def _times(text: str, now: datetime) -> Iterator[SystemEntity]:
    for found in _TIME.finditer(text):
        day = (found["day"] or found["day2"] or found["day3"] or "").lower()
        time = _time_of_day(
            (found["clock"] or found["clock2"] or found["hour"] or found["hour2"] or "").lower()
        )
        try:
            value = _moment(now, day, time)
        except OverflowError:  # "tomorrow" on the last day of the calendar
            continue
        yield SystemEntity(start=found.start(), end=found.end(), value=value)


def _time_of_day(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    if text in {"noon", "midnight"}:
        return (_AFTERNOON if text == "noon" else 0, 0)
    digits = re.findall(r"[0-9]+", text)
    hour, minute = int(digits[0]), int(digits[1]) if len(digits) > 1 else 0
    if text.endswith("m"):
        hour = hour % 12 + (_AFTERNOON if text[-2] == "p" else 0)
    return hour, minute


def _moment(now: datetime, day: str, time: tuple[int, int] | None) -> dict[str, Any]:
    moment = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if day == "tomorrow":
        moment += timedelta(days=1)
    elif day in _WEEKDAYS:
        moment += timedelta(days=(_WEEKDAYS.index(day) - now.weekday() - 1) % 7 + 1)
    grain = "day"
    if time is not None:
        moment = moment.replace(hour=time[0], minute=time[1])
        grain = "minute" if time[1] else "hour"
        if not day and moment < now:
            moment += timedelta(days=1)
    elif day == "tonight":
        moment, grain = moment.replace(hour=_EVENING), "hour"
    return {"value": moment.isoformat(timespec="milliseconds"), "grain": grain}


RECOGNISERS: Final[dict[str, Callable[[str, datetime], Iterator[SystemEntity]]]] = {
    "sys_amount-of-money": _money,
    "sys_number": _numbers,
    "sys_time": _times,
}
"""The system entity types known here, each with the function that finds it in a text."""
