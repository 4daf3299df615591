"""Instants of the county: all in UTC, none from the clock."""

import datetime
import math

DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)


def midnight(day):
    """The first instant of a day."""
    return datetime.datetime(day.year, day.month, day.day)


def text(instant):
    """An instant as events carry it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def whole(instant):
    """An instant without fractions of a second."""
    return instant.replace(microsecond=0)


def month_number(day):
    """Months since year 0; consecutive months differ by one."""
    return day.year * 12 + day.month - 1


def month_text(number):
    """A month as events carry it, e.g. 2026-03."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def month_start(number):
    """The first instant of a month."""
    return datetime.datetime(number // 12, number % 12 + 1, 1)


def months_before(day, months):
    """The same day so many calendar months earlier, or the last day of a shorter month."""
    number = month_number(day) - months
    last = (month_start(number + 1) - DAY).day
    return datetime.date(number // 12, number % 12 + 1, min(day.day, last))


def office(instant):
    """When an office deals with what comes in at this instant: on a weekday, between eight and six."""
    if instant.hour >= 18:
        instant = midnight(instant) + DAY + 8 * HOUR + (instant - midnight(instant) - 18 * HOUR)
    elif instant.hour < 8:
        instant = midnight(instant) + 8 * HOUR + (instant - midnight(instant)) / 4
    while instant.weekday() >= 5:
        instant += DAY
    return instant


def winter(instant, swing=0.3):
    """How much more often than on average in this part of the year: most in mid-January, least in mid-July."""
    return 1 + swing * math.cos(2 * math.pi * (instant.timetuple().tm_yday - 15) / 365)
