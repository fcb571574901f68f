"""``rakor.html``: the sheet for the coordination meeting, two printed pages that every agency at the table may read.

Page one has a row an agency: what the plan asks of it, what it promises, how often the simulated days keep that and
what breaks otherwise. Page two has a row a kind of incident: who acts, decides, is informed, and takes it over.
Only totals stand on it: no station, post, village, class or place of the reserve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from simsec.analysis.intervals import Doubt, Estimate, stratified_mean
from simsec.analysis.promises import Promise, promise_of
from simsec.analysis.replications import Replications, strata
from simsec.base.clock import parse_stamp
from simsec.locale import LANGUAGES, NOTHING, Texts
from simsec.locale import texts as texts_of
from simsec.plan.plan import Plan
from simsec.report.labels import only_line
from simsec.report.operation import operation_span
from simsec.report.page import environment
from simsec.report.pillars import first_line
from simsec.scenario.agencies import Agency, called, concerned, providers, without_agency
from simsec.scenario.parameter import Parameter, Text
from simsec.scenario.reading import Scenario

HEADS = ("agency", "asked", "promise", "kept", "breaks", "kind", "calls", "acts", "decides", "informed", "handed")
UNBROKEN = "\u2011"  # a hyphen at which no line ends
TO = "\u2013"  # between two figures
SELDOM = 0.1  # calls a day below which a share that is the same on every day says nothing
LETTERS_PT, SMALLEST_PT = 9.0, 6.6


@dataclass(frozen=True)
class Said:
    """A cell: what is said, and beneath it in small print what it rests on."""

    main: str
    small: str = ""


@dataclass(frozen=True)
class AgencyRow:
    """An agency on page one."""

    name: Said
    asked: Said
    promise: Said
    kept: Said
    breaks: Said


@dataclass(frozen=True)
class KindRow:
    """A kind of incident on page two."""

    name: Said
    calls: str
    acts: Said
    decides: tuple[Said, ...]
    informed: Said
    handed: tuple[Said, ...]


def rakor_page(scenario: Scenario, plan: Plan, runs: Replications, citation: str, texts: Texts) -> str:
    """The sheet in one language, with the names of the other beside it.

    Args:
        scenario: what is known.
        plan: whose days were played.
        runs: many days under it.
        citation: how to cite the run.
        texts: the language.

    Returns:
        A page that opens offline and prints on two sheets of A4.
    """
    t, settings = texts.t, scenario.settings
    other = next(name for name in LANGUAGES if name != texts.language)
    foreign = texts_of(other)
    homeless = without_agency(settings)
    labels = [unit.label.of(texts.language) for unit in settings.units if unit.kind in homeless]
    agencies = [agency_row(scenario, plan, runs, code, texts) for code in settings.agencies]
    agencies += _pillars_row(scenario, runs, texts)
    context: dict[str, Any] = {
        "t": t,
        "texts": texts,
        "title": settings.title.of(texts.language),
        "date": texts.date(settings.polling_date),
        "operation": operation_span(scenario, texts),
        "heads": {key: Said(t(f"rakor.head.{key}"), foreign.t(f"rakor.head.{key}")) for key in HEADS},
        "agencies": agencies,
        "kinds": [kind_row(scenario, runs, kind, texts) for kind in settings.incidents],
        "promise_note": f"{only_line(scenario, texts)} {t('rakor.promise_note', days=len(runs))}".strip(),
        "homeless": t("rakor.homeless", units=texts.joined(labels)) if homeless else "",
        "sizes": (_points(len(agencies), 12.2), _points(len(settings.incidents), 13)),
        "citation": citation,
    }
    return environment().get_template("rakor.html.j2").render(context)


def _points(rows: int, fit: float) -> float:
    """Size of the letters with which so many rows fit on the sheet; no smaller than can be read in the hand."""
    return max(round(LETTERS_PT * min(1.0, fit / max(rows, 1)), 1), SMALLEST_PT)


def _both(label: Text, texts: Texts) -> Said:
    """A name in the language of the page, and in the other one where that says it differently."""
    other = label.of("en" if texts.language == "id" else "id")
    return Said(label.of(texts.language), other if other != label.of(texts.language) else "")


def agency_row(scenario: Scenario, plan: Plan, runs: Replications, code: str, texts: Texts) -> AgencyRow:
    """One agency on page one.

    Args:
        scenario: what is known.
        plan: whose days were played.
        runs: many days under it.
        code: of the agency.
        texts: the language.
    """
    t, agency = texts.t, scenario.settings.agencies[code]
    asked = " · ".join((*_people(scenario, plan, runs, agency, texts), _place(scenario, agency, texts),
                        _hours(scenario, agency, texts)))  # fmt: skip
    found = promise_of(scenario, runs, code)
    promised = _promised(agency, texts)
    return AgencyRow(
        name=Said(agency.name, agency.label.of(texts.language)),
        asked=Said(agency.does.of(texts.language), asked),
        promise=promised or Said(t("rakor.no_promise")),
        kept=_kept(found, texts) if found else Said(t("rakor.not_simulated")),
        breaks=Said(
            agency.fails.of(texts.language),
            t("rakor.risen", share=_share(found.risen, texts)) if found and found.part == "lead" else "",
        ),
    )


def _promised(agency: Agency, texts: Texts) -> Said | None:
    """What an agency promises: by distance where it has bands; None where it promises nothing."""
    bands = agency.promise_bands
    if not bands:
        return _promise(agency.promise_min, texts) if agency.promise_min else None
    minutes = " / ".join(texts.figure(band.minutes.mode) for band in bands)
    grades = [texts.t("rakor.assumed") if band.minutes.grade == "D" else band.minutes.grade for band in bands]
    far = " / ".join(_distances([band.beyond_km for band in bands], texts))
    return Said(texts.t("unit.minutes", n=minutes), texts.t("rakor.bands", km=far, grades=" / ".join(grades)))


def _distances(begins: Sequence[float], texts: Texts) -> list[str]:
    """Bands of distance in words, such as to 5 km, 5 to 10 km, beyond 10 km."""
    ends = [texts.figure(km) for km in begins]
    told = [texts.t("rakor.between", near=near, far=far) for near, far in pairwise(ends)]
    if len(ends) > 1:
        told[0] = texts.t("rakor.up_to", km=ends[1])
    return [*told, texts.t("rakor.beyond", km=ends[-1])]


def _promise(promised: Parameter, texts: Texts) -> Said:
    """Minutes, with their range and grade beneath."""
    grade = texts.t("rakor.assumed") if promised.grade == "D" else promised.grade
    low, high = (texts.figure(x) for x in (promised.low, promised.high))
    spread = f"{low}{TO}{high} · " if promised.low < promised.high else ""
    return Said(texts.t("unit.minutes", n=texts.figure(promised.mode)), spread + grade)


def _share(share: Estimate, texts: Texts) -> str:
    """A share of one with its interval; digits where it is small."""
    return texts.interval(share, 0 if share.mean >= 0.1 else 1, share=True)


def _kept(found: Promise, texts: Texts) -> Said:
    t = texts.t
    if not found.calls.mean > 0:
        return Said(t("rakor.never_first" if found.part == "support" else "rakor.never_called"))
    calls = _number(found.calls.mean, texts)
    share = _sure(found.kept, found.calls.mean, texts)
    told = [t(f"rakor.of_{found.part}", calls=calls)]
    distances = _distances([band.beyond_km for band in found.bands], texts) if found.bands else []
    for far, band in zip(distances, found.bands, strict=True):
        if band.calls.mean > 0:
            told.append(f"{far} {_sure(band.kept, band.calls.mean, texts)}")
    return Said(share, "; ".join(told))


def _sure(share: Estimate, calls_per_day: float, texts: Texts) -> str:
    """A share with its interval, or that too few calls tell one."""
    if share.too_few_days or (share.doubt is Doubt.ALIKE and calls_per_day < SELDOM):
        return texts.t("rakor.few", share=texts.percent(share.mean))
    return _share(share, texts)


def _number(x: float, texts: Texts) -> str:
    """A mean number a day, with as many decimals as it needs."""
    return texts.number(x) if x >= 10 else texts.number(x, 1) if x >= 0.1 else texts.figure(float(f"{x:.1g}"))


def _people(scenario: Scenario, plan: Plan, runs: Replications, agency: Agency, texts: Texts) -> list[str]:
    """How many people the plan counts on, as totals."""
    t, settings = texts.t, scenario.settings
    said: list[str] = []
    if agency.forces is not None:
        strength: Parameter = getattr(settings.forces, agency.forces)
        said.append(_people_of(strength, texts))
        if agency.forces == "police":
            said.append(t("rakor.people_reserve", n=plan.reserve_squads * settings.forces.squad_persons))
    if agency.per_station:
        total = agency.per_station * len(scenario.stations)
        said.append(t("rakor.people_per_station", n=total, each=agency.per_station))
    if agency.units and agency.forces is None:
        units = [
            (unit.label.of(texts.language), int(count), unit.persons)
            for unit, count in zip(settings.units, runs.unit_count.tolist(), strict=True)
            if unit.kind in agency.units and count
        ]
        teams = texts.joined([t("rakor.people_unit", n=count, unit=label) for label, count, _ in units])
        said.append(t("rakor.people_units", n=sum(count * persons for _, count, persons in units), units=teams))
    return said or [t("rakor.on_call")]


def _people_of(strength: Parameter, texts: Texts) -> str:
    if strength.low == strength.high:
        return texts.t("rakor.people", n=texts.number(strength.mode))
    span = texts.range(strength.low, strength.high, 0)
    return texts.t("rakor.people", n=f"{texts.number(strength.mode)} ({span})")


def _place(scenario: Scenario, agency: Agency, texts: Texts) -> str:
    counts = {
        "station": len(scenario.stations),
        "village": len(scenario.villages),
        "subdistrict": len(scenario.villages.subdistrict_codes),
        "regency": 1,
    }
    return texts.t(f"rakor.place.{agency.place}", n=counts[agency.place])


def _hours(scenario: Scenario, agency: Agency, texts: Texts) -> str:
    first, last = (parse_stamp(getattr(scenario.settings.clock, name)) for name in (agency.starts, agency.ends))
    return f"{texts.clock(first)}{TO}{texts.clock(last)}".replace("-", UNBROKEN)


def _pillars_row(scenario: Scenario, runs: Replications, texts: Texts) -> list[AgencyRow]:
    """The first line of the villages, where the scenario names it: it alerts and calms, and is no help."""
    t, found, pillars = texts.t, first_line(scenario, runs), scenario.settings.three_pillars
    if pillars is None or found is None:
        return []
    people = t("pillars.people", n=round(found.persons.sum()), villages=len(scenario.villages))
    return [
        AgencyRow(
            name=Said(t("pillars.name"), t("pillars.what")),
            asked=Said(t("pillars.does"), people),
            promise=_promise(pillars.first_line_min, texts),
            kept=Said(
                t("pillars.kept", minutes=texts.number(found.whole.first)),
                t("pillars.outside", minutes=texts.number(found.whole.outside)),
            ),
            breaks=Said(t("pillars.fails")),
        )
    ]


def kind_row(scenario: Scenario, runs: Replications, kind: str, texts: Texts) -> KindRow:
    """One kind of incident on page two.

    Args:
        scenario: what is known.
        runs: many days under one plan.
        kind: of incident.
        texts: the language.
    """
    t, settings, incident = texts.t, scenario.settings, scenario.settings.incidents[kind]
    names = {code: agency.name for code, agency in settings.agencies.items()}
    first = providers(settings, called(settings, incident, first=True))
    later = [code for code in providers(settings, called(settings, incident, first=False)) if code not in first]
    deciding, told, taking = (concerned(settings, kind, how) for how in ("decides", "informed_of", "takes_over"))
    spoken = {*first, *later, *deciding, *taking}

    def about(found: dict[str, list[str]]) -> tuple[Said, ...]:
        words = {code: [settings.matters[name].label.of(texts.language) for name in found[code]] for code in found}
        return tuple(Said(names[code], "; ".join(said)) for code, said in words.items())

    number = list(settings.incidents).index(kind)
    daily = np.bincount(runs.incident_day[runs.incident_kind == number], minlength=len(runs)).astype(np.float64)
    calls = stratified_mean(daily, runs.stratum, strata(scenario)).mean
    return KindRow(
        name=_both(incident.label, texts),
        calls=_number(calls, texts) if calls > 0 else NOTHING,
        acts=Said(
            ", ".join(names[code] for code in first) or t("rakor.on_the_spot"),
            t("rakor.then", agencies=", ".join(names[code] for code in later)) if later else "",
        ),
        decides=about(deciding),
        informed=Said(", ".join(names[code] for code in told if code not in spoken)),
        handed=about(taking),
    )
