"""The items of the checklist STRESS-DES about the logic of the model: its rules, its types of day and its methods."""

from __future__ import annotations

from typing import Any

from simsec.locale import Texts
from simsec.plan.plan import Plan
from simsec.report.checklist import TitledTable
from simsec.report.labels import absence_lines, severe_text, step_label
from simsec.scenario.parameter import Parameter
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES, LEVELS


def logic(scenario: Scenario, plan: Plan, voters: bool, texts: Texts) -> dict[str, Any]:
    """Items 2.1 to 2.4 of the checklist: what is modelled, by which rules, on which types of day, with which methods.

    Args:
        scenario: what is known.
        plan: whose days are played.
        voters: whether voters are served too.
        texts: the language.

    Returns:
        Key of an item -> its paragraphs and its tables.
    """
    t, known, policy = texts.t, scenario.settings, plan.policy
    kinds = known.incidents
    stepwise = policy.name == "chain_of_command"
    own = {name: [k.label.of(texts.language) for k in kinds.values() if name in k.rate_on] for name in DAY_TYPES}
    day_types = [
        (
            t(f"day_type.{name}"),
            texts.percent(scenario.day_type_probability[name], 1),
            range_text(getattr(known.day_types, name, None), texts),
            texts.joined(own[name]),
        )
        for name in DAY_TYPES
    ]
    head = tuple(t(f"describe.col.{name}") for name in ("day_type", "probability", "range", "own_rates"))
    if scenario.general is not None:
        return _general_logic(scenario, plan, texts)
    within = range_text(known.spreading.contained_within_min, texts)
    rules = [
        _policy(plan, texts),
        t("describe.threshold", squads=policy.reserve_threshold_squads)
        if policy.reserve_threshold_squads
        else t("describe.no_threshold"),
        t("describe.divert") if policy.divert_to_higher_level else t("describe.no_divert"),
        *([t("describe.call_back")] if policy.call_back else []),
        *absence_lines(scenario, texts),
    ]
    algorithms = [t("describe.thinning"), t("describe.clusters"), t("describe.triangular")]
    algorithms += [roads_text(scenario, texts), t("describe.snapping")]
    if voters:
        algorithms.append(t("describe.queue"))
    return {
        "diagram": ([t("describe.diagram"), t("describe.diagram_more")], ()),
        "base_logic": ([t("describe.base"), *rules], _ladders(scenario, stepwise, texts)),
        "scenario_logic": (
            [t("describe.day_types"), severe_text(scenario, within, texts), *_stages(scenario, texts)],
            (TitledTable(t("describe.table.day_types"), head, tuple(day_types)),),
        ),
        "algorithms": (algorithms, ()),
    }


def _general_logic(scenario: Scenario, plan: Plan, texts: Texts) -> dict[str, Any]:
    """The logic of a general scenario: no crowd, no types of day, given minutes."""
    t, queue, policy = texts.t, scenario.settings.queue, plan.policy
    stepwise = policy.name == "chain_of_command"
    rules = [
        _policy(plan, texts),
        t("describe.divert") if policy.divert_to_higher_level else t("describe.no_divert"),
        t(f"describe.general.returns.{queue.returns}"),
        t(f"describe.general.service_from.{queue.service_from}"),
    ]
    return {
        "diagram": ([t("describe.diagram")], ()),
        "base_logic": ([t("describe.base"), *rules], _ladders(scenario, stepwise, texts)),
        "scenario_logic": ([t("describe.general.days")], ()),
        "algorithms": ([t(f"describe.general.{name}") for name in ("rates", "draws", "travel")], ()),
    }


def _ladders(scenario: Scenario, stepwise: bool, texts: Texts) -> list[TitledTable]:
    t, dash = texts.t, texts.number(float("nan"))
    head = tuple(t(f"describe.col.{name}") for name in ("step", "unit", "scope", "delay", "enters"))
    found = []
    for ladder in scenario.settings.ladders:
        rows = []
        for number, step in enumerate(ladder.steps):
            if step.permission and not stepwise:
                continue  # who knows no steps waits for no permission
            enters = [t(f"describe.level.{level}") for level in LEVELS if ladder.enter[level] == number]
            last = number + 1 == len(ladder.steps)
            rows.append(
                (
                    str(number + 1),
                    step_label(scenario, step, texts),
                    (t(f"scope.{step.scope}") if stepwise else t("scope.regency")) if step.unit else dash,
                    dash if last else range_text(step.delay_min, texts),
                    texts.joined(enters) if stepwise else dash,
                )
            )
        title = t("describe.table.ladder", name=ladder.name, brings=", ".join(ladder.capabilities))
        found.append(TitledTable(title, head, tuple(rows)))
    return found


def _stages(scenario: Scenario, texts: Texts) -> list[str]:
    stages = scenario.settings.stages
    if stages is None:
        return []
    per_truck, rate = texts.figure(stages.stations_per_truck.mode), texts.figure(stages.accident_per_10000_trips.mode)
    hours = texts.figure(stages.fatigue_doubling_h.mode)
    return [texts.t("describe.stages", stations=per_truck, rate=rate, hours=hours)]


def _policy(plan: Plan, texts: Texts) -> str:
    """How the next unit is chosen; a user's own policy by its name and the hash of its source."""
    if plan.code:
        return texts.t("describe.policy.own", name=plan.policy.name, hash=plan.code)
    return texts.t(f"describe.policy.{plan.policy.name}")


def range_text(parameter: Parameter | None, texts: Texts) -> str:
    """Low, mode and high; one figure where it has no range; a dash where there is none."""
    if parameter is None:
        return texts.number(float("nan"))
    if parameter.distribution not in ("triangular", "constant"):
        return texts.t(f"describe.general.{parameter.distribution}", mean=texts.figure(parameter.mode))
    if parameter.low == parameter.high:
        return texts.figure(parameter.mode)
    return " / ".join(texts.figure(value) for value in (parameter.low, parameter.mode, parameter.high))


def roads_text(scenario: Scenario, texts: Texts) -> str:
    """Where the minutes between places come from."""
    if scenario.general is not None:
        return texts.t("describe.general.travel")
    return texts.t("describe.own_roads" if scenario.own_roads else "describe.roads")
