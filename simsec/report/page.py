"""``report.html``: one file that opens offline, marked as restricted on the screen and on every printed page."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from simsec.analysis.replications import PROBE_STAMPS
from simsec.base.clock import parse_stamp
from simsec.locale import Texts
from simsec.optimization.judge import Judged
from simsec.optimization.search import Search
from simsec.report import measured, tables, wording
from simsec.report.access import access_sector_table, access_table
from simsec.report.area import area_table, strength_note
from simsec.report.doubts import certificate_lines, choice_lines, footnotes, gain_lines
from simsec.report.facts import (
    ANNOUNCED,
    DOCTRINE,
    OPTIMISED,
    PLANS,
    class_figures,
    days_by_type,
    headline,
    losers,
    others,
    sanity,
    sectors,
)
from simsec.report.labels import severe_text
from simsec.report.less import SHOWN, less_table, who_gets_less
from simsec.report.operation import calendar_lines, calendar_table, posted_table
from simsec.report.pillars import pillars_line, pillars_table
from simsec.report.reserve import in_use, reach
from simsec.report.verdict import break_even, same_plan
from simsec.scenario.schema import DAY_TYPES

DOUBTED = ("primary", "measures", "gains", "sectors", "access", "access_sectors")  # tables whose cells may have marks
HERE = Path(__file__).parent


@dataclass(frozen=True)
class ReportMeta:
    """What made the run: how to cite it, versions, command, seeds, seconds."""

    citation: str
    versions: Mapping[str, str]
    command: str
    seeds: tuple[int, ...]
    seconds: float


def environment() -> Environment:
    """Templates of this room; every value that enters is escaped, and a name they do not know is an error."""
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def data_uri(image: bytes) -> str:
    """A PNG inside the page."""
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")


def report_page(
    judged: Judged,
    search: Search,
    meta: ReportMeta,
    figures: Mapping[str, bytes],
    texts: Texts,
    further: Sequence[Any] = (),
) -> str:
    """The report in one language.

    Args:
        judged: three plans on the same fresh days.
        search: how the optimised plan was found.
        meta: what made the run.
        figures: PNG by name, in the same language.
        texts: the language.
        further: sections that were asked for, see :func:`simsec.report.asked.parts`.
    """
    scenario, t = judged.scenario, texts.t
    measures, by_sector = headline(judged), sectors(judged)
    lost = {ANNOUNCED: losers(judged, ANNOUNCED), DOCTRINE: losers(judged, DOCTRINE)}
    less = who_gets_less(judged)
    before, after = reach(scenario, judged.plans[ANNOUNCED]), reach(scenario, judged.plans[OPTIMISED])
    days = days_by_type(judged.runs[OPTIMISED])
    within = scenario.settings.spreading.contained_within_min
    times = [texts.clock(parse_stamp(stamp)) for stamp in PROBE_STAMPS]
    use = [
        wording.in_use_line(name, found, judged.plans[OPTIMISED].reserve_squads, texts)
        for name in DAY_TYPES
        if (found := in_use(scenario, judged.runs[OPTIMISED], judged.plans[OPTIMISED].reserve_squads, name)) is not None
    ]
    context: dict[str, Any] = {
        "t": t,
        "texts": texts,
        "title": scenario.settings.title.of(texts.language),
        "date": texts.date(scenario.settings.polling_date),
        "figures": {name: data_uri(image) for name, image in figures.items()},
        "first": wording.first_sentence(judged, search, texts),
        "opening": [*wording.opening(judged, search, texts), *gain_lines(judged, texts)],
        "weights": wording.weights_line(scenario, texts),
        "plans": wording.plan_labels(judged, texts),
        "sample": t(
            "method.sample",
            days=texts.joined(
                [t("method.days_of_type", n=count, day_type=t(f"day_type.{name}")) for name, count in days.items()]
            ),
            seeds=texts.joined([str(seed) for seed in meta.seeds]),
            ratio=texts.number(judged.over_doctrine.variance_ratio, 1),
            worlds=len(judged.worlds.gains),
            figures=len(judged.worlds.paths),
        ),
        "probes_note": t("page.probes_note", times=texts.joined(times)),
        "placeholders": t(
            "page.placeholders",
            synthetic=int(scenario.stations.synthetic.sum()),
            stations=len(scenario.stations),
            posts=int((scenario.posts.located == 0).sum()),
            all_posts=len(scenario.posts),
        ),
        "area": area_table(scenario, texts),
        "classes": tables.class_table(judged, [class_figures(judged, plan) for plan in range(len(PLANS))], texts),
        "strength_note": strength_note(scenario, texts),
        "primary": tables.primary_table(judged, measures[0], texts),
        "measures": tables.measures_table(judged, [one for one in measures[1:] if one.key != "voter_hours"], texts),
        "probes": tables.probe_table(judged, by_sector, texts),
        "sanity": wording.sanity_lines(judged, sanity(judged, measures), texts),
        "gains": tables.gains_table(judged, texts),
        "reserve": wording.reserve_lines(scenario, before, after, texts),
        "reserve_table": tables.reserve_table(scenario, judged, texts),
        "in_use": use,
        "feasibility": wording.feasibility_lines(scenario, judged.plans[OPTIMISED], texts),
        "patterns": tables.pattern_table(judged, texts),
        "ledger": tables.ledger_table(judged, texts),
        "pillars": pillars_table(scenario, judged.runs[OPTIMISED], texts),
        "pillars_line": pillars_line(scenario, judged.runs[OPTIMISED], texts),
        "posted": posted_table(scenario, texts),
        "calendar": calendar_table(scenario, texts),
        "calendar_lines": calendar_lines(scenario, texts),
        "readings": wording.reading_lines(scenario, judged.plans[OPTIMISED], texts),
        "sector_lines": [
            line
            for against in reversed(others(judged))
            for line in wording.sector_lines(
                scenario, by_sector.over_announced if against == ANNOUNCED else by_sector.over_doctrine, against, texts
            )
        ],
        "sectors": tables.sector_table(judged, by_sector, lost, texts),
        "losers": [
            *(line for one in others(judged) for line in wording.loser_lines(judged, lost[one], one, texts)),
            wording.restore_line(by_sector, texts),
        ],
        "less": less_table(judged, less, texts) if less else None,
        "less_note": t("less.more", shown=min(SHOWN, len(less)), n=len(less)),
        "access": access_table(judged, texts),
        "access_sectors": access_sector_table(judged, texts),
        "search_line": t("search.line_untested", training=search.training_days, selection=search.selection_days)
        if not search.acceptance_days
        else t(
            "search.line",
            training=search.training_days,
            selection=search.selection_days,
            acceptance=search.acceptance_days,
            gain=texts.interval(search.acceptance, 1, sign=True),
        ),
        "worlds": t("page.worlds_same" if same_plan(judged) else "page.worlds"),
        "refused": wording.refusal_lines(search.refusals, texts),
        "struck": [wording.plan_name(c.plan.name, texts) for c in search.candidates if c.time_limit_struck],
        "doctrines": tables.candidate_table(search, "doctrine", texts),
        "models": tables.candidate_table(search, "model", texts),
        "choice": choice_lines(search, texts),
        "certificate": certificate_lines(search, texts),
        "severe": [
            severe_text(scenario, texts.range(within.low, within.high, 0), texts),
            wording.severe_probability(scenario.settings.day_types.severe, texts),
            *(
                line
                for against in others(judged)
                for line in wording.break_even_lines(break_even(judged, against), texts)
            ),
        ],
        "kinds": measured.kind_table(judged, texts),
        "by_day": measured.day_table(judged, texts),
        "day_lines": measured.day_lines(judged, texts),
        "units": measured.unit_table(judged, texts),
        "boxes": measured.boxes_table(judged, texts),
        "swings": tables.swings_table(judged, texts),
        "swings_line": t("page.swings", tried=judged.worlds.tried),
        "assumptions": tables.assumption_groups(scenario, texts),
        "parts": further,
        "meta": meta,
        "seconds": texts.number(meta.seconds),
        "scenario": scenario,
        "plan": judged.plans[OPTIMISED],
    }
    names = (*DOUBTED, "probes", "doctrines", "models", "kinds", "by_day", "units", "boxes")
    context["doubts"] = footnotes((context[name] for name in names if context[name] is not None), texts)
    return environment().get_template("report.html.j2").render(context)
