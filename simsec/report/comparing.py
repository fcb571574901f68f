"""Two plans side by side: what the second gains, for whom, where, and who loses; tables, JSON and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simsec.analysis.comparison import Comparison, compare_runs
from simsec.analysis.intervals import Estimate
from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import DayKey, Replications, primary_measure, replicate_plans
from simsec.analysis.stations import StationMinutes, station_minutes
from simsec.analysis.workers import Progress, Workers
from simsec.locale import Texts
from simsec.optimization.aims import gain, tail_from
from simsec.plan.plan import Plan
from simsec.report.doubts import footnotes
from simsec.report.facts import NAN, NATURAL, NOTICEABLE_MIN, SCOPES, known_minutes, sector_gains, types_of
from simsec.report.labels import natural_label, only_line
from simsec.report.page import ReportMeta, data_uri, environment
from simsec.report.tables import Row, Table
from simsec.report.wording import plan_label, plan_name
from simsec.results.run_folder import estimate_json
from simsec.scenario.reading import Scenario

Floats = NDArray[np.float64]
MOST_VILLAGES = 40  # of those that lose, and of those that gain


@dataclass(frozen=True, eq=False)
class Compared:
    """Two plans of a scenario on the same days; a positive gain is better for the second.

    Attributes:
        scenario: what is known.
        plans, runs, stations: of the first and the second.
        comparison: the primary measure, by day type, by family, under other weights.
        gains: family -> scope (``natural`` or a day type) -> gain in weighted minutes per expected weighted incident.
        tail: gain over the worst days, a share that the scenario names.
        by_sector: gain of each sub-district on days without a severe event.
    """

    scenario: Scenario
    plans: tuple[Plan, Plan]
    runs: tuple[Replications, Replications]
    stations: tuple[StationMinutes, StationMinutes]
    comparison: Comparison
    gains: Mapping[str, Mapping[str, Estimate]]
    tail: Estimate
    by_sector: tuple[Estimate, ...]

    @property
    def minutes(self) -> tuple[Floats, Floats]:
        """Mean minutes to first help at each station under each plan; nan where never anybody was free."""
        first, second = (known_minutes(found.mean_min, found.nobody_share) for found in self.stations)
        return first, second

    @property
    def worst_tenth(self) -> tuple[float, float]:
        """Mean minutes of the tenth of the stations that wait longest under the first plan, under each."""
        first, second = self.minutes
        order = np.argsort(-np.nan_to_num(first, nan=-1.0), kind="stable")[: max(1, len(first) // 10)]
        return float(np.nanmean(first[order])), float(np.nanmean(second[order]))

    def villages(self) -> list[tuple[int, float, float]]:
        """Villages whose stations gain or lose noticeably: number, mean minutes before and after; worst loss first."""
        village, count = self.scenario.stations.village, len(self.scenario.villages)
        before, after = (_mean_of(minutes, village, count) for minutes in self.minutes)
        changed = np.flatnonzero(np.nan_to_num(np.abs(after - before)) > NOTICEABLE_MIN)
        order = changed[np.argsort(-(after - before)[changed], kind="stable")]
        return [(int(v), float(before[v]), float(after[v])) for v in order.tolist()]


def _mean_of(values: Floats, group: NDArray[np.int64], groups: int) -> Floats:
    known = np.isfinite(values)
    total = np.bincount(group[known], weights=values[known], minlength=groups)
    count = np.bincount(group[known], minlength=groups)
    return np.asarray(np.divide(total, count, out=np.full(groups, NAN), where=count > 0), dtype=np.float64)


def compare_plans(
    scenario: Scenario,
    first: Plan,
    second: Plan,
    keys: tuple[DayKey, ...],
    workers: Workers,
    *,
    progress: Progress | None = None,
) -> Compared:
    """Play two plans on the same days and put everything together that the page tells.

    Args:
        scenario: what is known.
        first: a plan.
        second: another; a positive gain is better for this one.
        keys: which days.
        workers: their number changes no result.
        progress: called with chunks done and all.
    """
    before, after = replicate_plans(scenario, [first, second], keys, workers, probes=True, progress=progress)
    stations = np.bincount(scenario.stations.subdistrict, minlength=len(scenario.villages.subdistrict_codes))
    difference = before.weighted - after.weighted
    played = {key.day_type for key in keys}
    return Compared(
        scenario=scenario,
        plans=(first, second),
        runs=(before, after),
        stations=(station_minutes(scenario, before), station_minutes(scenario, after)),
        comparison=compare_runs(scenario, before, after),
        gains={
            family: {
                scope: primary_measure(scenario, difference[:, number], before.stratum, family, *types_of(scope))
                for scope in SCOPES
                if scope in played or scope == NATURAL
            }
            for number, family in enumerate(FAMILIES)
        },
        tail=gain(scenario, before, after, "tail"),
        by_sector=sector_gains(scenario, before, after, stations),
    )


def gain_table(compared: Compared, texts: Texts) -> Table:
    """What the second plan gains, by family and day type, then the worst days and other weights."""
    t = texts.t
    every = (NATURAL,) if compared.scenario.only else SCOPES
    scopes = [scope for scope in every if scope in compared.gains["security"]]
    given = (t("table.given", day_type=t(f"day_type.{name}")) for name in scopes[1:])
    head = [natural_label(compared.scenario, texts), *given]
    rows = []
    for family, by_scope in compared.gains.items():
        if by_scope["natural"].mean != by_scope["natural"].mean:
            continue  # nothing of it is expected
        cells = (_cell(by_scope[scope], texts) for scope in scopes)
        rows.append(Row((t(f"family.{family}"), *cells), "ours" if family == "security" else ""))
    blank = ("",) * (len(scopes) - 1)
    share = texts.percent(1 - tail_from(compared.scenario))
    rows.append(Row((t("compare.tail", share=share), _cell(compared.tail, texts), *blank)))
    rows += [
        Row((t(f"weights.{name}"), _cell(found, texts), *blank))
        for name, found in compared.comparison.gain_by_weights.items()
    ]
    return Table((t("compare.gain_of"), *head), tuple(rows))


def _cell(found: Estimate, texts: Texts) -> str:
    return texts.interval(found, 1, sign=True, marked=True)


def sector_table(compared: Compared, texts: Texts) -> Table:
    """Sub-districts: pairs and patrols under both plans, mean minutes, gain on days without a severe event."""
    t, scenario = texts.t, compared.scenario
    names, place = scenario.villages.subdistrict_names, scenario.stations.subdistrict
    minutes = [_mean_of(found, place, len(names)) for found in compared.minutes]
    pairs = [pairs_by_sector(scenario, plan) for plan in compared.plans]
    order = sorted(range(len(names)), key=lambda s: (np.nan_to_num(compared.by_sector[s].mean), s))
    rows = tuple(
        Row(
            (
                names[sector],
                " / ".join(texts.number(int(count[sector])) for count in pairs),
                " / ".join(texts.number(float(found[sector]), 1) for found in minutes),
                _cell(compared.by_sector[sector], texts),
            )
        )
        for sector in order
    )
    return Table(tuple(t(f"compare.{key}") for key in ("sector", "pairs", "minutes", "gain")), rows)


def pairs_by_sector(scenario: Scenario, plan: Plan) -> NDArray[np.int64]:
    """Guard pairs in each sub-district, shape (sub-districts,)."""
    of_block = np.zeros(plan.blocks, dtype=np.int64)
    of_block[plan.block] = scenario.stations.subdistrict
    return np.bincount(of_block, minlength=len(scenario.villages.subdistrict_codes)).astype(np.int64)


def village_table(compared: Compared, texts: Texts) -> Table:
    """Villages that lose most and those that gain most; for the internal page."""
    t, villages = texts.t, compared.scenario.villages
    found = compared.villages()
    losing = [one for one in found if one[2] > one[1]][:MOST_VILLAGES]
    gaining = [one for one in reversed(found) if one[2] < one[1]][:MOST_VILLAGES]
    rows: list[Row] = []
    for key, group in (("losing", losing), ("gaining", gaining)):
        rows.append(Row((t(f"compare.{key}"),), "group"))
        for number, before, after in group:
            place = f"{villages.name[number]}, {villages.subdistrict_names[int(villages.subdistrict[number])]}"
            told = (texts.number(before, 1), texts.number(after, 1), texts.signed(before - after, 1))
            rows.append(Row((place, *told)))
    return Table(tuple(t(f"compare.{key}") for key in ("village", "before", "after", "gain")), tuple(rows))


def compare_lines(compared: Compared, texts: Texts) -> list[str]:
    """What is said first: the gain, which families lose, who gains and who loses, the worst tenth of the stations."""
    t, found = texts.t, compared.comparison.gain
    first, second = (plan_name(plan.name, texts) for plan in compared.plans)
    key = "better" if found.low > 0 else "worse" if found.high < 0 else "unsure"
    told = {"first": first, "second": second, "gain": texts.interval(found, 1, sign=True)}
    lines = [*filter(None, [only_line(compared.scenario, texts)]), t(f"compare.{key}", **told)]
    for family, by_scope in compared.gains.items():
        if family != "security" and by_scope["natural"].high < 0:
            gone = texts.interval(by_scope["natural"], 1, sign=True)
            lines.append(t("compare.family_loses", family=t(f"family.{family}"), gain=gone))
    before, after = compared.minutes
    worse = np.nan_to_num(after - before)
    lines.append(
        t(
            "compare.stations",
            gaining=texts.plural("count.stations", int((worse < -NOTICEABLE_MIN).sum())),
            losing=texts.plural("count.stations", int((worse > NOTICEABLE_MIN).sum())),
            least=texts.minutes(NOTICEABLE_MIN, 0),
        )
    )
    tenth = compared.worst_tenth
    lines.append(t("compare.worst_tenth", before=texts.minutes(tenth[0]), after=texts.minutes(tenth[1])))
    return lines


def compare_json(compared: Compared) -> dict[str, Any]:
    """For machines; nothing finer than sub-districts."""
    scenario = compared.scenario
    before, after = compared.minutes
    worse, place = np.nan_to_num(after - before), scenario.stations.subdistrict
    pairs = [pairs_by_sector(scenario, plan).tolist() for plan in compared.plans]
    return {
        "scenario": scenario.settings.name,
        "scenario_hash": scenario.hash,
        **({"day_type": scenario.only} if scenario.only else {}),
        "plans": [{"name": plan.name, "plan_hash": plan.hash} for plan in compared.plans],
        "days": len(compared.runs[0]),
        "gain": estimate_json(compared.comparison.gain),
        "gain_by_family": {
            family: {scope: estimate_json(found) for scope, found in by_scope.items()}
            for family, by_scope in compared.gains.items()
        },
        "gain_by_weights": {name: estimate_json(found) for name, found in compared.comparison.gain_by_weights.items()},
        "gain_in_the_tail": estimate_json(compared.tail),
        "variance_ratio": compared.comparison.variance_ratio,
        "worst_tenth_min": list(compared.worst_tenth),
        "stations_gaining": int((worse < -NOTICEABLE_MIN).sum()),
        "stations_losing": int((worse > NOTICEABLE_MIN).sum()),
        "subdistricts": [
            {
                "code": code,
                "name": scenario.villages.subdistrict_names[sector],
                "pairs": [count[sector] for count in pairs],
                "stations_losing": int(((worse > NOTICEABLE_MIN) & (place == sector)).sum()),
                "gain_without_severe": estimate_json(compared.by_sector[sector]),
            }
            for sector, code in enumerate(scenario.villages.subdistrict_codes)
        ],
    }


def compare_page(
    compared: Sequence[Compared], pictures: Sequence[bytes], meta: ReportMeta, texts: Texts
) -> str:
    """The page, a part a scenario; for internal use, as it names places.

    Args:
        compared: a comparison a scenario.
        pictures: a map a scenario, as PNG.
        meta: what made the run.
        texts: the language.
    """
    parts = [
        {
            "title": one.scenario.settings.title.of(texts.language),
            "labels": [plan_label(plan, texts) for plan in one.plans],
            "lines": compare_lines(one, texts),
            "picture": data_uri(picture),
            "gains": gain_table(one, texts),
            "sectors": sector_table(one, texts),
            "villages": village_table(one, texts),
            "notes": footnotes((gain_table(one, texts), sector_table(one, texts)), texts),
        }
        for one, picture in zip(compared, pictures, strict=True)
    ]
    return environment().get_template("compare.html.j2").render(
        {"t": texts.t, "texts": texts, "parts": parts, "meta": meta, "days": len(compared[0].runs[0])}
    )  # fmt: skip
