"""The reporting checklist STRESS-DES, filled in from the scenario and the settings of a run.

Monks, Currie, Onggo, Robinson, Kunc & Taylor (2019), "Strengthening the reporting of empirical simulation studies:
introducing the STRESS guidelines", Journal of Simulation 13(1), 55-67. Every figure is the scenario's or the run's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simsec.analysis.intervals import LEVEL, RESAMPLES
from simsec.analysis.measures import FAMILIES, expected_number, expected_weight
from simsec.locale import Texts
from simsec.plan.plan import Plan
from simsec.report.checklist import Item, TitledTable
from simsec.report.describe_logic import logic, range_text, roads_text
from simsec.report.tables import Row, Table, assumption_groups
from simsec.report.wording import plan_name
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES, LEVELS
from simsec.simulation.world import roster_of

ITEMS = (
    ("1.1", "purpose"),
    ("1.2", "outputs"),
    ("1.3", "aims"),
    ("2.1", "diagram"),
    ("2.2", "base_logic"),
    ("2.3", "scenario_logic"),
    ("2.4", "algorithms"),
    ("2.5.1", "entities"),
    ("2.5.2", "activities"),
    ("2.5.3", "resources"),
    ("2.5.4", "queues"),
    ("2.5.5", "entry_exit"),
    ("3.1", "sources"),
    ("3.2", "preprocessing"),
    ("3.3", "input"),
    ("3.4", "assumptions"),
    ("4.1", "initialisation"),
    ("4.2", "run_length"),
    ("4.3", "estimation"),
    ("5.1", "software"),
    ("5.2", "random"),
    ("5.3", "execution"),
    ("5.4", "system"),
    ("6.1", "sharing"),
)


@dataclass(frozen=True)
class Settings:
    """The settings of a run.

    Attributes:
        plan: whose days are played.
        seed: of the days.
        days: day type -> days played or to be played.
        workers: processes.
        cores: of the machine.
        voters: whether voters are served too.
        versions: of Python, the system and the packages.
        cite: how to cite the run.
        command: that repeats it.
        precision: relative half width that ends the run, None: a fixed number of days.
        most_days: where such a run ends in any case.
        seconds: it took; None: not played.
    """

    plan: Plan
    seed: int
    days: Mapping[str, int]
    workers: int
    cores: int
    voters: bool
    versions: Mapping[str, str]
    cite: str
    command: str
    precision: float | None = None
    most_days: int = 0
    seconds: float | None = None


def checklist(scenario: Scenario, settings: Settings, texts: Texts) -> tuple[Item, ...]:
    """The filled-in checklist.

    Args:
        scenario: what is known.
        settings: of the run.
        texts: the language.

    Returns:
        The 24 items, in order.
    """
    filled: dict[str, tuple[Sequence[str], Sequence[TitledTable]]] = {
        **_objectives(scenario, settings, texts),
        **logic(scenario, settings.plan, settings.voters, texts),
        **_components(scenario, settings, texts),
        **_data(scenario, texts),
        **_experimentation(scenario, settings, texts),
        **_implementation(scenario, settings, texts),
    }
    return tuple(
        Item(number, texts.t(f"describe.item.{key}"), tuple(filled[key][0]), tuple(filled[key][1]))
        for number, key in ITEMS
    )


def _objectives(scenario: Scenario, settings: Settings, texts: Texts) -> dict[str, Any]:
    t, known = texts.t, scenario.settings
    types = [name for name in DAY_TYPES if settings.days.get(name)]
    purpose = t(
        "describe.purpose" if scenario.general is None else "describe.general.purpose",
        title=known.title.of(texts.language),
        date=texts.date(known.polling_date),
        stations=len(scenario.stations),
        villages=len(scenario.villages),
        subdistricts=len(scenario.villages.subdistrict_codes),
        voters=int(scenario.stations.registered_voters.sum()),
    )
    weights = [texts.figure(getattr(known.weights, level).mode) for level in LEVELS]
    constants = [
        (t(f"day_type.{name}"), t(f"family.{family}"), *(texts.figure(of[name][family]) for of in _expected(scenario)))
        for name in types
        for family in FAMILIES
    ]
    outputs = [
        t("describe.outputs", green=weights[0], yellow=weights[1], red=weights[2]),
        t("describe.outputs_more", end=texts.clock(scenario.horizon_min[1])),
    ]
    if settings.voters:
        outputs.append(t("describe.outputs_voters"))
    head = (t("describe.col.day_type"), t("describe.col.family"), t("describe.col.number"), t("describe.col.weight"))
    return {
        "purpose": ([purpose, *([t("describe.ethics")] if scenario.general is None else [])], ()),
        "outputs": (outputs, (TitledTable(t("describe.table.expected"), head, tuple(constants)),)),
        "aims": ([t("describe.aims", plan=plan_name(settings.plan.name, texts), types=_types(types, texts))], ()),
    }


def _expected(scenario: Scenario) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    return expected_number(scenario), expected_weight(scenario)


def _types(names: Sequence[str], texts: Texts) -> str:
    return texts.joined([texts.t(f"day_type.{name}") for name in names])


def _components(scenario: Scenario, settings: Settings, texts: Texts) -> dict[str, Any]:
    t, known = texts.t, scenario.settings
    calls, windows = known.calls, {k.label.of(texts.language): k for k in known.incidents.values()}
    needs = [
        (
            label,
            t(f"family.{kind.responder}") if kind.responder in FAMILIES else t("describe.nobody"),
            *(_need(kind.needs.get(level, {}), texts) for level in LEVELS),
            t("table.yes") if kind.closes_station else t("table.no"),
        )
        for label, kind in windows.items()
    ]
    head = tuple(t(f"describe.col.{name}") for name in ("kind", "family", "green", "yellow", "red", "closes"))
    activities = [
        (t("describe.activity.detection"), range_text(calls.detection_min, texts)),
        (t("describe.activity.call"), range_text(calls.call_min, texts)),
        (t("describe.activity.no_signal"), range_text(calls.no_signal_call_min, texts)),
        *(
            (t("describe.activity.turnout", unit=unit.label.of(texts.language)), range_text(unit.turnout_min, texts))
            for unit in known.units
            if unit.turnout_min is not None
        ),
        (t("describe.activity.friction"), range_text(known.travel.friction, texts)),
        *(
            (t("describe.activity.scene", kind=label), range_text(kind.on_scene_min, texts))
            for label, kind in windows.items()
            if kind.responder in FAMILIES
        ),
    ]
    roster = roster_of(scenario, settings.plan)
    count = np.bincount(roster.kind, minlength=len(known.units)).tolist()
    resources = [
        (
            unit.label.of(texts.language),
            texts.number(count[number]),
            texts.number(unit.persons),
            ", ".join(unit.capabilities),
            unit.vehicle,
        )
        for number, unit in enumerate(known.units)
    ]
    entry = "describe.entry_exit" if scenario.general is None else "describe.general.entry_exit"
    unit_head = tuple(t(f"describe.col.{name}") for name in ("unit", "units", "persons", "capabilities", "vehicle"))
    activity_head = (t("describe.col.activity"), t("describe.col.minutes"))
    return {
        "entities": (
            [t("describe.entities", kinds=len(known.incidents))],
            (TitledTable(t("describe.table.needs"), head, tuple(needs)),),
        ),
        "activities": (
            [t("describe.activities" if scenario.general is None else "describe.general.activities")],
            (TitledTable(t("describe.table.activities"), activity_head, tuple(activities)),),
        ),
        "resources": (
            [
                t("describe.resources", units=int(sum(count)), blocks=settings.plan.blocks)
                if scenario.general is None
                else t("describe.general.resources", units=int(sum(count)))
            ],
            (TitledTable(t("describe.table.units"), unit_head, tuple(resources)),),
        ),
        "queues": (_queues(scenario, texts), ()),
        "entry_exit": ([t(entry, end=texts.clock(scenario.horizon_min[1]))], ()),
    }


def _queues(scenario: Scenario, texts: Texts) -> list[str]:
    queue = scenario.settings.queue
    if scenario.general is None:
        return [texts.t("describe.queues")]
    if queue.full == "lost":
        return [texts.t("describe.general.lost")]
    return [texts.t(f"describe.general.order.{queue.order}")]


def _need(need: Mapping[Any, int], texts: Texts) -> str:
    return ", ".join(f"{texts.number(number)} {name}" for name, number in need.items()) or texts.number(float("nan"))


def _data(scenario: Scenario, texts: Texts) -> dict[str, Any]:
    t, parameters = texts.t, scenario.parameters()
    grades = Counter(parameter.grade for parameter in parameters.values())
    counted = [(grade, texts.number(grades[grade])) for grade in sorted(grades)]
    named = sorted({(p.grade, p.source) for p in parameters.values() if p.grade != "D"})
    sources = [
        (grade, source, texts.number(sum((p.grade, p.source) == (grade, source) for p in parameters.values())))
        for grade, source in named
    ]
    synthetic, placeholders = int((scenario.stations.synthetic == 1).sum()), int((scenario.posts.located == 0).sum())
    places = t(
        "describe.places",
        synthetic=synthetic,
        stations=len(scenario.stations),
        placeholders=placeholders,
        posts=len(scenario.posts),
    )
    windows = [
        (
            kind.label.of(texts.language),
            ", ".join(f"{w.start} - {w.end}: {texts.percent(w.share, 1)}" for w in kind.windows),
            kind.windows_grade,
        )
        for kind in scenario.windowed
    ]
    window_head = tuple(t(f"describe.col.{name}") for name in ("kind", "windows", "grade"))
    groups = assumption_groups(scenario, texts) if scenario.general is None else [_given_figures(scenario, texts)]
    figures = [TitledTable(title, table.head, _cells(table)) for title, table in groups]
    changed = [] if scenario.as_read else [t("describe.changed")]
    return {
        "sources": (
            [t("describe.sources", figures=len(parameters)), places],
            (
                TitledTable(t("describe.table.grades"), (t("table.grade"), t("describe.col.figures")), tuple(counted)),
                TitledTable(
                    t("describe.table.sources"),
                    (t("table.grade"), t("table.source"), t("describe.col.figures")),
                    tuple(sources),
                ),
            ),
        ),
        "preprocessing": (
            [t("describe.preprocessing"), roads_text(scenario, texts)],
            (),
        ),
        "input": (
            [t("describe.input"), *changed],
            (
                *figures,
                *([] if scenario.general else [TitledTable(t("describe.table.windows"), window_head, tuple(windows))]),
            ),
        ),
        "assumptions": (
            [t("describe.assumptions", d=grades["D"]), t("describe.structure"), t("describe.validity")],
            (),
        ),
    }


def _given_figures(scenario: Scenario, texts: Texts) -> tuple[str, Table]:
    """The figures of a general scenario by their path in the file; those that no part of it uses are left out."""
    used = ("incidents.", "units.", "ladders.", "calls.", "weights.", "travel.friction")
    rows = tuple(
        Row((path, range_text(parameter, texts), parameter.grade, parameter.source))
        for path, parameter in scenario.parameters().items()
        if path.startswith(used) and not path.endswith("rate_per_station")
    )
    head = tuple(texts.t(f"table.{key}") for key in ("figure", "mode", "grade", "source"))
    return texts.t("describe.general.figures"), Table(head, rows, (0, 3))


def _cells(table: Table) -> tuple[tuple[str, ...], ...]:
    return tuple(row.cells for row in table.rows)


def _experimentation(scenario: Scenario, settings: Settings, texts: Texts) -> dict[str, Any]:
    t, (start, end) = texts.t, scenario.horizon_min
    per_type = [t("method.days_of_type", n=n, day_type=t(f"day_type.{name}")) for name, n in settings.days.items() if n]
    length = [
        t("describe.clock", start=texts.clock(start), end=texts.clock(end), hours=texts.figure((end - start) / 60))
    ]
    if settings.precision is None:
        length.append(t("describe.fixed_days", days=sum(settings.days.values()), by_type=texts.joined(per_type)))
    else:
        share, most = texts.percent(settings.precision, 1), settings.most_days
        length.append(t("describe.until_precise", share=share, most=most))
        if settings.seconds is not None:
            length.append(t("describe.fixed_days", days=sum(settings.days.values()), by_type=texts.joined(per_type)))
    estimation = [t("describe.estimation", level=texts.percent(LEVEL), resamples=RESAMPLES), t("describe.two_ranges")]
    return {
        "initialisation": ([t("describe.initialisation", start=texts.clock(start))], ()),
        "run_length": (length, ()),
        "estimation": (estimation, ()),
    }


def _implementation(scenario: Scenario, settings: Settings, texts: Texts) -> dict[str, Any]:
    t, versions = texts.t, settings.versions
    packages = [f"{name} {version}" for name, version in versions.items() if name not in ("system", "python")]
    software = t("describe.software", python=versions["python"], packages=texts.joined(packages))
    seconds = settings.seconds
    ran = (
        t("describe.not_played")
        if seconds is None
        else t("describe.took", seconds=texts.number(seconds, 1), days=sum(settings.days.values()))
    )
    system = t("describe.system", system=versions["system"], cores=settings.cores, workers=settings.workers)
    return {
        "software": ([software], ()),
        "random": ([t("describe.random", seed=str(settings.seed)), t("describe.common")], ()),
        "execution": ([t("describe.execution"), t("describe.ties")], ()),
        "system": ([system, ran], ()),
        "sharing": (
            [
                t("describe.sharing", scenario=scenario.hash, plan=settings.plan.hash),
                t("describe.repeat", command=f"`{settings.command}`"),
                t("describe.cite", cite=settings.cite),
            ],
            (),
        ),
    }
