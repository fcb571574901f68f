"""The section on access to the vote: totals and sub-districts, never a station by name."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simsec.analysis.access import daily_estimate
from simsec.analysis.intervals import Estimate
from simsec.analysis.replications import strata
from simsec.locale import NOTHING, Texts
from simsec.optimization.judge import Judged
from simsec.report.facts import CALM_TYPES, NATURAL, OPTIMISED, SCOPES, Measure, types_of
from simsec.report.tables import Row, Table, measures_table

DIGITS = {  # of the figures told, in this order
    **{"opened_late": 1, "closed_min": 0, "proposed": 1, "relocated": 2, "continued": 2, "postponed": 2},
    **{"not_served": 0, "voter_hours": 0},
}


@lru_cache(maxsize=2)
def access_measures(judged: Judged) -> tuple[Measure, ...]:
    """Closed stations, decisions and what voters lost, a day; natural rates and each type of day given."""
    by_plan = [runs.access.daily for runs in judged.runs]

    def of(key: str, plan: int, scope: str) -> Estimate:
        runs = judged.runs[plan]
        return daily_estimate(key, by_plan[plan][key], runs.stratum, strata(judged.scenario, *types_of(scope)))

    return tuple(
        Measure(key, digits, False, {s: (of(key, 0, s), of(key, 1, s), of(key, 2, s)) for s in SCOPES})
        for key, digits in DIGITS.items()
    )


def access_table(judged: Judged, texts: Texts) -> Table:
    """The measures of the three plans."""
    return measures_table(judged, access_measures(judged), texts)


def access_sector_table(judged: Judged, texts: Texts) -> Table:
    """What voters lost by sub-district under the optimised plan; a severe event would mark one place by chance."""
    t, runs, probability = texts.t, judged.runs[OPTIMISED], strata(judged.scenario, *CALM_TYPES)
    lost = {"not_served": runs.access.not_served_by_sector, "voter_hours": runs.access.voter_hours_by_sector}
    rows = []
    for sector, name in enumerate(judged.scenario.villages.subdistrict_names):
        told = (daily_estimate(key, by[:, sector], runs.stratum, probability) for key, by in lost.items())
        rows.append(Row((name, *(texts.interval(estimate, 1, marked=True) for estimate in told))))
    return Table((t("table.sector"), *(t(f"measure.{key}") for key in lost)), tuple(rows))


def public_access(judged: Judged, texts: Texts) -> str:
    """Totals of the proposed plan in one paragraph for the public."""
    found = {measure.key: measure for measure in access_measures(judged)}

    def figure(*keys: str, scope: str) -> str:
        number = float(np.sum([found[key].by_scope[scope][OPTIMISED].mean for key in keys]))
        return texts.number(number, min(DIGITS[keys[0]], 1)) if number == number else NOTHING

    told = {
        f"{name}{tail}": figure(*keys, scope=scope)
        for tail, scope in (("", NATURAL), ("_rain", "heavy_rain"))
        for name, keys in (
            ("late", ("opened_late",)),
            ("relocated", ("relocated",)),
            ("other", ("continued", "postponed")),
            ("voters", ("not_served",)),
        )
    }
    return texts.t("public.access", **told)
