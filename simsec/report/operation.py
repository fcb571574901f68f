"""The dated calendar of the operation, and who stands at fixed objects: what surrounds the day that is simulated."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from simsec.locale import NOTHING, Texts
from simsec.report.tables import Row, Table
from simsec.scenario.agencies import Day, day_of
from simsec.scenario.parameter import Parameter
from simsec.scenario.reading import Scenario

DAY_MIN = 1440
FAR = 14  # days to weeks: what comes after polling day has no end that is known


def operation_span(scenario: Scenario, texts: Texts) -> str:
    """Name and dates of the operation; "" where the scenario has none."""
    operation = scenario.settings.operation
    if operation is None:
        return ""
    name = operation.name.of(texts.language)
    if operation.starts is None:
        return name
    return f"{name}, {_span(scenario, operation.starts, operation.ends, texts)}"


def _span(scenario: Scenario, first: Day, last: Day | None, texts: Texts) -> str:
    polling = scenario.settings.polling_date
    begins = day_of(polling, first)
    if last is None:
        return texts.t("calendar.onwards", first=texts.date(begins))
    ends = day_of(polling, last)
    if begins == ends:
        return texts.date(begins)
    return texts.t("number.range", low=texts.date(begins), high=texts.date(ends))


def _counted(scenario: Scenario, first: Day, last: Day | None) -> str:
    """The same days counted from polling day, such as H-7 to H-2."""
    away = [_away(scenario, day) for day in (first, last) if day is not None]
    stamps = [f"H{days:+d}" if days else "H" for days in away]
    return stamps[0] if away[0] == away[-1] else f"{stamps[0]} … {stamps[1]}"


def _away(scenario: Scenario, day: Day) -> int:
    """Days from polling day."""
    return (day_of(scenario.settings.polling_date, day) - scenario.settings.polling_date).days


def played_share(scenario: Scenario, first: Day, last: Day | None) -> Literal["whole", "part", "none"]:
    """Whether the simulated clock touches all days of a phase, some, or none.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> area = read_scenario("scenarios/kabupaten-semarang")
        >>> [played_share(area, *days) for days in (("H", "H"), ("H", "H+9"), ("H-9", "H-7"), ("H-3", None))]
        ['whole', 'part', 'none', 'part']
    """
    clock = [int(minute // DAY_MIN) for minute in scenario.horizon_min]
    begins = _away(scenario, first)
    ends = _away(scenario, last) if last is not None else begins + FAR
    if ends < clock[0] or begins > clock[1]:
        return "none"
    return "whole" if clock[0] <= begins and ends <= clock[1] else "part"


def calendar_table(scenario: Scenario, texts: Texts) -> Table | None:
    """The phases of the operation with their dates, and what the simulated day holds of each; None without any.

    Args:
        scenario: what is known.
        texts: the language.
    """
    t, operation = texts.t, scenario.settings.operation
    if operation is None:
        return None
    rows = []
    if operation.starts is not None:
        span = _span(scenario, operation.starts, operation.ends, texts)
        counted = _counted(scenario, operation.starts, operation.ends)
        share = t(f"calendar.{played_share(scenario, operation.starts, operation.ends)}")
        rows.append(Row((operation.name.of(texts.language), span, counted, share), "total"))
    for phase in operation.phases:
        share = played_share(scenario, phase.starts, phase.ends)
        span, counted = _span(scenario, phase.starts, phase.ends, texts), _counted(scenario, phase.starts, phase.ends)
        cells = (phase.label.of(texts.language), span, counted, t(f"calendar.{share}"))
        rows.append(Row(cells, "" if share == "none" else "ours"))
    head = tuple(t(f"calendar.{key}") for key in ("phase", "dates", "counted", "played"))
    return Table(head, tuple(rows), (0, 1, 2, 3))


def calendar_lines(scenario: Scenario, texts: Texts) -> list[str]:
    """What the calendar means for the simulation, and where its dates come from."""
    t, settings = texts.t, scenario.settings
    if settings.operation is None:
        return []
    day = timedelta(days=1)
    first, last = texts.date(settings.polling_date - day), texts.date(settings.polling_date + day)
    starts, ends = (texts.clock(minute) for minute in scenario.horizon_min)
    source = t("calendar.source", grade=settings.operation.grade, source=settings.operation.source)
    return [t("calendar.only", first=first, last=last, starts=starts, ends=ends), source]


def posted_table(scenario: Scenario, texts: Texts) -> Table:
    """Officers posted at fixed objects: how many objects, persons at each with their range, and in all.

    Args:
        scenario: what is known.
        texts: the language.
    """
    t, ledger = texts.t, scenario.settings.forces.ledger
    sectors = len(scenario.villages.subdistrict_codes)
    objects: list[tuple[str, Parameter, int]] = [
        ("kpu_office", ledger.kpu_office, 1),
        ("bawaslu_office", ledger.bawaslu_office, 1),
        ("logistics_store", ledger.logistics_store, 1),
        ("district_committee", ledger.district_committee, sectors),
        ("command_post", ledger.command_post, 1),
        ("traffic_points", ledger.traffic_points, 1),
    ]
    rows, whole = [], [0.0, 0.0, 0.0]
    for duty, figure, count in objects:
        ends = (figure.low * count, figure.mode * count, figure.high * count)
        whole = [total + part for total, part in zip(whole, ends, strict=True)]
        each = _persons(figure.low, figure.mode, figure.high, texts) if count > 1 else NOTHING
        grade = t("rakor.assumed") if figure.grade == "D" else figure.grade
        number = texts.number(count) if duty != "traffic_points" else NOTHING
        rows.append(Row((t(f"duty.{duty}"), number, each, _persons(*ends, texts), grade)))
    low, mode, high = whole
    rows.append(Row((t("table.total"), "", "", _persons(low, mode, high, texts), ""), "total"))
    return Table(tuple(t(f"posted.{key}") for key in ("object", "objects", "each", "persons", "grade")), tuple(rows))


def _persons(low: float, mode: float, high: float, texts: Texts) -> str:
    if low == high:
        return texts.number(mode)
    return f"{texts.number(mode)} ({texts.range(low, high, 0)})"
