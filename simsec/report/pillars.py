"""The first line of every village: Bhabinkamtibmas, Babinsa and village head. They alert and calm, and are no help."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.intervals import day_weights, weighted_quantile
from simsec.analysis.replications import CLOCK, Replications, strata
from simsec.locale import Texts
from simsec.report.facts import CALM_TYPES
from simsec.report.tables import Row, Table
from simsec.scenario.reading import Scenario

Floats = NDArray[np.float64]
ALERT = CLOCK.index("alert")


@dataclass(frozen=True)
class Medians:
    """Median minutes from onset: to the alarm, to somebody of the three pillars, to first help from outside."""

    alarm: float
    first: float
    outside: float


@dataclass(frozen=True, eq=False)
class FirstLine:
    """The first line from village to sub-district to the whole area.

    Attributes:
        persons: of each sub-district, shape (sub-districts,).
        villages: median minutes to somebody there in each village, shape (villages,); nan where nothing happened.
        sectors: medians of each sub-district.
        whole: of the whole area.
    """

    persons: Floats
    villages: Floats
    sectors: tuple[Medians, ...]
    whole: Medians


def first_line(scenario: Scenario, runs: Replications) -> FirstLine | None:
    """What the three pillars of the villages did on days without a severe event; None where the scenario names none.

    Args:
        scenario: what is known.
        runs: many days under one plan.
    """
    pillars = scenario.settings.three_pillars
    weights = day_weights(runs.stratum, strata(scenario, *CALM_TYPES))
    if pillars is None or weights is None:
        return None
    onset = runs.incident_onset_min
    minutes = (
        runs.incident_clock_min[:, ALERT] - onset,
        runs.incident_first_line_min - onset,
        runs.incident_response_min,
    )
    weight = weights[runs.incident_day]
    village = scenario.stations.village[runs.incident_station]
    sector = scenario.stations.subdistrict[runs.incident_station]

    def medians(rows: NDArray[np.bool_]) -> Medians:
        return Medians(*(weighted_quantile(values[rows], weight[rows], 0.5) for values in minutes))

    count = np.bincount(scenario.villages.subdistrict, minlength=len(scenario.villages.subdistrict_codes))
    each = pillars.bhabinkamtibmas.mode + pillars.babinsa.mode + pillars.village_head.mode
    return FirstLine(
        persons=np.asarray(count * each, dtype=np.float64),
        villages=np.array([medians(village == number).first for number in range(len(scenario.villages))]),
        sectors=tuple(medians(sector == number) for number in range(len(count))),
        whole=medians(np.ones(len(onset), dtype=np.bool_)),
    )


def pillars_table(scenario: Scenario, runs: Replications, texts: Texts) -> Table | None:
    """The first line by sub-district, its villages as a range, and of the whole area; None without any."""
    found, t = first_line(scenario, runs), texts.t
    if found is None:
        return None
    place = scenario.villages.subdistrict

    def row(name: str, inside: NDArray[np.bool_], persons: float, seen: Medians, kind: str = "") -> Row:
        known = found.villages[inside & np.isfinite(found.villages)]
        span = texts.range(float(known.min()), float(known.max())) if len(known) else ""
        figures = (texts.number(seen.alarm, 1), texts.number(seen.first, 1), span, texts.number(seen.outside, 1))
        return Row((name, texts.number(int(inside.sum())), texts.number(persons), *figures), kind)

    rows = [
        row(name, place == number, float(found.persons[number]), found.sectors[number])
        for number, name in enumerate(scenario.villages.subdistrict_names)
    ]
    every = np.ones(len(place), dtype=np.bool_)
    rows.append(row(t("table.total"), every, float(found.persons.sum()), found.whole, "total"))
    keys = ("sector", "villages", "persons", "alarm", "first", "span", "help")
    return Table(tuple(t(f"pillars.{key}") for key in keys), tuple(rows))


def pillars_line(scenario: Scenario, runs: Replications, texts: Texts) -> str:
    """The first line of the villages in a sentence; "" where the scenario names none."""
    found = first_line(scenario, runs)
    if found is None:
        return ""
    known = found.villages[np.isfinite(found.villages)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (float("nan"), float("nan"))
    return texts.t(
        "pillars.line",
        alarm=texts.number(found.whole.alarm, 1),
        first=texts.number(found.whole.first, 1),
        outside=texts.number(found.whole.outside, 1),
        low=texts.number(low, 1),
        high=texts.number(high, 1),
    )
