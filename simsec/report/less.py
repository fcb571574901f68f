"""Who gets less than under the announced plan: station by station, by name and with the reasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from openpyxl import Workbook

from simsec.locale import NOTHING, Texts
from simsec.optimization.judge import Judged
from simsec.plan.doctrine import polsek_of
from simsec.report.facts import ANNOUNCED, NOTICEABLE_MIN, OPTIMISED, known_minutes
from simsec.report.reserve import nearest_squad_min
from simsec.report.sheets import Column, Value, new_sheet, write_table
from simsec.report.tables import Row, Table

SHOWN = 15  # on the page; the workbook has all


@dataclass(frozen=True)
class Less:
    """A station that gets less.

    Attributes:
        station: its number.
        sizes: stations of its pair under the announced and the optimised plan.
        minutes: mean to first help under each; nan where nobody was free.
        reasons: catalogue key -> fields, what of the plan changed for it.
    """

    station: int
    sizes: tuple[int, int]
    minutes: tuple[float, float]
    reasons: tuple[tuple[str, tuple[str | int | float, ...]], ...]

    @property
    def longer_min(self) -> float:
        """What its mean to first help grows by."""
        return float(np.nan_to_num(self.minutes[1] - self.minutes[0]))


def who_gets_less(judged: Judged) -> list[Less]:
    """Stations whose pair guards more stations than announced, or that wait noticeably longer; longest waits first."""
    scenario, plans = judged.scenario, [judged.plans[n] for n in (ANNOUNCED, OPTIMISED)]
    sizes = [np.bincount(plan.block)[plan.block] for plan in plans]
    found = [judged.stations[n] for n in (ANNOUNCED, OPTIMISED)]
    minutes = [known_minutes(one.mean_min, one.nobody_share) for one in found]
    drives = [nearest_squad_min(scenario, plan) for plan in plans]
    polsek = polsek_of(scenario)
    rows = []
    for station in range(len(scenario.stations)):
        before, after = (int(size[station]) for size in sizes)
        waits = (float(minutes[0][station]), float(minutes[1][station]))
        longer = np.nan_to_num(waits[1] - waits[0]) > NOTICEABLE_MIN
        if after <= before and not longer:
            continue
        reasons: list[tuple[str, tuple[str | int | float, ...]]] = []
        if after > before:
            reasons.append(("block", (before, after)))
        patrols = [plan.patrols.get(polsek[int(scenario.stations.subdistrict[station])], 0) for plan in plans]
        if patrols[1] < patrols[0]:
            reasons.append(("patrols", (patrols[0], patrols[1])))
        drive = [float(one[station]) for one in drives]
        if longer and drive[1] > drive[0] + NOTICEABLE_MIN:
            reasons.append(("squads", (drive[0], drive[1])))
        members = [set(np.flatnonzero(plan.block == plan.block[station]).tolist()) for plan in plans]
        if not reasons:
            reasons.append(("redrawn" if members[0] != members[1] else "others", ()))
        rows.append(Less(station, (before, after), waits, tuple(reasons)))
    return sorted(rows, key=lambda row: (-row.longer_min, row.station))


def reason_text(row: Less, texts: Texts) -> str:
    """Why, in words."""
    said = []
    for key, values in row.reasons:
        told = [value if isinstance(value, int | str) else texts.minutes(value, 0) for value in values]
        said.append(texts.t(f"less.{key}", **dict(zip(("before", "after"), told, strict=False))))
    return "; ".join(said)


def less_table(judged: Judged, rows: list[Less], texts: Texts) -> Table:
    """The stations that wait longest beyond what they wait now, for the page."""
    t, scenario = texts.t, judged.scenario
    heads = ("station", "sector", "guarded", "minutes", "reason")
    cells = [
        (
            scenario.stations.name[row.station],
            scenario.villages.subdistrict_names[int(scenario.stations.subdistrict[row.station])],
            " / ".join(texts.number(size) for size in row.sizes),
            " / ".join(texts.number(one, 1) if np.isfinite(one) else NOTHING for one in row.minutes),
            reason_text(row, texts),
        )
        for row in rows[:SHOWN]
    ]
    return Table(tuple(t(f"less.col_{key}") for key in heads), tuple(Row(row) for row in cells), words=(1, 4))


def less_sheet(book: Workbook, judged: Judged, texts: Texts) -> None:
    """All of them, for the workbook."""
    t, scenario, villages = texts.t, judged.scenario, judged.scenario.villages
    rows: list[list[Value]] = [
        [
            scenario.stations.code[row.station],
            scenario.stations.name[row.station],
            villages.name[int(scenario.stations.village[row.station])],
            villages.subdistrict_names[int(scenario.stations.subdistrict[row.station])],
            *row.sizes,
            *(round(one, 1) if np.isfinite(one) else None for one in row.minutes),
            round(row.longer_min, 1),
            reason_text(row, texts),
        ]
        for row in who_gets_less(judged)
    ]
    columns = [Column(t(f"column.{name}")) for name in ("code", "station", "village", "sector")]
    columns += [Column(t(f"less.col_size_{name}"), "0", 11) for name in ("announced", "optimised")]
    columns += [Column(t(f"column.mean_{name}"), "0.0", 11) for name in ("announced", "optimised")]
    columns += [Column(t("column.change"), "+0.0;-0.0;0.0", 11), Column(t("less.col_reason"), width=50)]
    sheet, at = new_sheet(book, t("sheet.less"), t("section.losers"), [t("less.note")], texts)
    write_table(sheet, at, columns, rows)
