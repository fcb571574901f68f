"""What a search, a list of few changes and a frontier of strengths say: lines for people, figures for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simsec.locale import NOTHING, Texts
from simsec.optimization.budget import FORCES
from simsec.optimization.changes import BLOCKS, PATROLS, Change, Changes, Move
from simsec.optimization.guard import Guarded, refused
from simsec.optimization.locks import Locks
from simsec.optimization.search import Search
from simsec.optimization.strength import Frontier, Level, resting
from simsec.report.labels import only_line
from simsec.report.reserve import site_name
from simsec.report.tables import Row, Table
from simsec.report.wording import guard_line, plan_label, plan_name, plan_size, refusal_lines
from simsec.results.run_folder import estimate_json
from simsec.scenario.reading import Scenario


def asked_lines(read: Scenario, area: Scenario, locks: Locks, texts: Texts) -> list[str]:
    """What was asked: the strength where it is another, the only type of day that counts, what is locked by hand.

    Args:
        read: the scenario as it was read.
        area: the same with another strength, or with one type of day alone.
        locks: what is fixed.
        texts: the language.
    """
    t, lines = texts.t, []
    for name, (announced, now) in _forces(read, area).items():
        lines.append(t(f"asked.{name}", announced=announced, now=now))
    if area.only:
        lines.append(only_line(area, texts))
    places = [t("asked.squads", n=n, place=site_name(area, site)) for site, n in locks.squads.items()]
    places += [t("asked.patrols", n=n, place=site_name(area, site)) for site, n in locks.patrols.items()]
    if locks.plan is not None:
        places.append(t("asked.blocks", n=int(locks.plan.locked.sum())))
    return [*lines, *([t("asked.locked", places=texts.joined(places))] if places else [])]


def asked_json(read: Scenario, area: Scenario, locks: Locks) -> dict[str, Any]:
    """The same for machines; nothing where nothing was asked."""
    told: dict[str, Any] = {}
    if forces := _forces(read, area):
        told["strength"] = {name: {"announced": announced, "now": now} for name, (announced, now) in forces.items()}
    if area.only:
        told["day_type"] = area.only
    if locks:
        rows = 0 if locks.plan is None else int(locks.plan.locked.sum())
        told["locked"] = {"patrols": dict(locks.patrols), "squads": dict(locks.squads), "stations": rows}
    return told


def _forces(read: Scenario, area: Scenario) -> dict[str, tuple[int, int]]:
    """Forces whose strength is another than announced."""
    modes = {n: [round(getattr(one.settings.forces, n).mode) for one in (read, area)] for n in FORCES}
    return {name: (announced, now) for name, (announced, now) in modes.items() if announced != now}


def search_lines(found: Search, texts: Texts) -> list[str]:
    """What the search proposes, what it gains in the paired test, how far the solver was, and who was refused."""
    t, doctrine = texts.t, plan_name(found.best_doctrine.name, texts)
    if found.accepted:
        gained = texts.interval(found.acceptance, 1, sign=True)
        lines = [t("optimize.better", gain=gained, doctrine=doctrine, days=found.acceptance_days)]
        lines += [t("optimize.family", words=guard_line(guarded, texts)) for guarded in found.guarded]
    else:
        lines = [t("optimize.doctrine", doctrine=doctrine)]
    lines.append(t("optimize.plan", label=plan_label(found.chosen, texts)))
    tried = found.chosen_candidate
    if tried is not None and tried.origin == "model":
        key = "optimize.gap_struck" if tried.time_limit_struck else "optimize.gap"
        lines.append(t(key, gap=texts.percent(tried.gap, 1), solver=tried.solver))
    if found.time_is_up:
        lines.append(t("optimize.time_is_up"))
    return [*lines, *refusal_lines(found.refusals, texts)]


def search_json(found: Search) -> dict[str, Any]:
    """The search in figures."""
    tried = found.chosen_candidate
    model = tried is not None and tried.origin == "model"
    return {
        "accepted": found.accepted,
        "best_doctrine": found.best_doctrine.name,
        "plan_hash": found.chosen.hash,
        "pairs": found.chosen.blocks,
        "patrols": sum(found.chosen.patrols.values()),
        "squads": dict(found.chosen.squads),
        "gain_over_best_doctrine": estimate_json(found.acceptance),
        "families": [guarded_json(guarded) for guarded in found.guarded],
        "refused": [
            {
                "plan": refusal.plan.name,
                "options": refusal.options,
                "stage": refusal.stage,
                "families": [guarded_json(guarded) for guarded in refusal.guarded],
            }
            for refusal in found.refusals
        ],
        "model": {
            "objective": tried.objective,
            "bound": tried.bound,
            "gap": tried.gap,
            "solver": tried.solver,
            "time_limit_struck": tried.time_limit_struck,
        }
        if model and tried is not None
        else None,
        "training_days": found.training_days,
        "selection_days": found.selection_days,
        "acceptance_days": found.acceptance_days,
        "finalists": found.finalists,
        "final_days": found.final_days,
        "selection_procedure": found.choice.procedure,
        "selection_probability": found.choice.probability,
        "selection_regret": found.choice.regret,
        "time_is_up": found.time_is_up,
    }


def guarded_json(guarded: Guarded) -> dict[str, Any]:
    """A family under a candidate: minutes before, what is added with one-sided limits, what is tolerated."""
    return {
        "family": guarded.family,
        "before": guarded.before.mean,
        "added": estimate_json(guarded.loss),
        "tolerance": guarded.tolerance,
        "worse": guarded.worse,
        "margin": guarded.margin,
        "shown": guarded.shown,
        "power": guarded.power,
    }


def move_text(scenario: Scenario, move: Move, texts: Texts) -> str:
    """A move as an order: who goes from where to where, what is redrawn."""
    going = [part for part in move.parts if part.kind != BLOCKS and part.by < 0]
    coming = [part for part in move.parts if part.kind != BLOCKS and part.by > 0]
    said = []
    for part in (part for part in move.parts if part.kind == BLOCKS):
        name = scenario.villages.subdistrict_names[scenario.villages.subdistrict_codes.index(part.place)]
        said.append(
            texts.t("changes.redrawn", place=name, pairs=texts.signed(part.by))
            if part.by
            else texts.t("changes.redrawn_only", place=name)
        )
    if len(going) == len(coming) == 1 and going[0].kind == coming[0].kind:
        key = "changes.patrols_move" if going[0].kind == PATROLS else "changes.squads_move"
        places = (site_name(scenario, part.place) for part in (going[0], coming[0]))
        first, second = places
        return "; ".join([*said, texts.t(key, n=coming[0].by, first=first, second=second)])
    for part in (*coming, *going):
        key = "changes.patrols_by" if part.kind == PATROLS else "changes.squads_by"
        said.append(texts.t(key, n=texts.signed(part.by), place=site_name(scenario, part.place)))
    return "; ".join(said)


def changes_table(scenario: Scenario, found: Changes, texts: Texts) -> Table:
    """The ranked list: for a page, a workbook or a terminal."""

    def row(number: int, change: Change) -> Row:
        return Row(
            (
                texts.number(number),
                move_text(scenario, change.move, texts),
                texts.interval(change.gain, 1, sign=True, marked=True),
                texts.interval(change.cumulative, 1, sign=True, marked=True),
                NOTHING if change.share != change.share else texts.percent(change.share),
                losers_text(scenario, change, texts) or NOTHING,
            )
        )

    head = ("number", "move", "gain", "cumulative", "share", "losers")
    rows = tuple(row(number, change) for number, change in enumerate(found.ranked, start=1))
    return Table(tuple(texts.t(f"changes.{key}") for key in head), rows, words=(1, 5))


def losers_text(scenario: Scenario, change: Change, texts: Texts) -> str:
    """Sub-districts that a move leaves with longer waits, and families worse with all moves so far; "" for nobody."""
    names = dict(zip(scenario.villages.subdistrict_codes, scenario.villages.subdistrict_names, strict=True))
    families = [texts.t(f"family.{guarded.family}") for guarded in change.refused]
    losing = [*(names[code] for code in change.losers), *families]
    return texts.joined(losing) if losing else ""


def changes_lines(found: Changes, texts: Texts) -> list[str]:
    """What stands above and below the list."""
    t = texts.t
    if not found.ranked:
        return [t("changes.none")]
    full = texts.interval(found.full, 1, sign=True)
    return [
        t("changes.head", moves=len(found.ranked), all=len(found.ranked) + len(found.left), full=full),
        t("changes.days", ranking=found.ranking_days, telling=found.telling_days),
    ]


def changes_json(scenario: Scenario, found: Changes, texts: Texts) -> dict[str, Any]:
    """The list in figures."""
    return {
        "full_gain": estimate_json(found.full),
        "ranking_days": found.ranking_days,
        "telling_days": found.telling_days,
        "moves_left": len(found.left),
        "moves": [
            {
                "move": move_text(scenario, change.move, texts),
                "parts": [{"kind": part.kind, "place": part.place, "by": part.by} for part in change.move.parts],
                "gain": estimate_json(change.gain),
                "cumulative": estimate_json(change.cumulative),
                "share_of_full_gain": change.share,
                "subdistricts_losing": list(change.losers),
                "families_worse": [guarded.family for guarded in change.refused],
                "plan_hash": change.plan.hash,
            }
            for change in found.ranked
        ],
    }


def frontier_table(levels: Sequence[Level], texts: Texts) -> Table:
    """Levels of strength and what they cost against today's response."""
    t = texts.t
    rows = []
    for level in levels:
        loss = NOTHING if level.plan is None else texts.interval(level.loss, 1, sign=True)
        placed = NOTHING if level.plan is None else plan_size(level.plan, texts)
        size = (texts.number(level.police), texts.number(level.squads))
        rows.append(Row((*size, placed, loss, verdict_text(level, texts))))
    heads = ("police", "squads", "plan", "loss", "verdict")
    return Table(tuple(t(f"strength.{key}") for key in heads), tuple(rows), words=(2, 4))


def verdict_text(level: Level, texts: Texts) -> str:
    """Whether a strength keeps today's response, or for whom it does not."""
    others = [texts.t(f"family.{guarded.family}") for guarded in refused(level.guarded)]
    if others:
        return texts.t("strength.others", families=texts.joined(others))
    key = "strength.none" if level.plan is None else "strength.keeps" if level.keeps else "strength.worse"
    return texts.t(key)


def frontier_lines(scenario: Scenario, found: Frontier, texts: Texts) -> list[str]:
    """The least strength, who could rest, and what a squad is worth."""
    t, lines = texts.t, []
    least = Frontier.least(found.police)
    if least is None:
        lines.append(t("strength.not_even_all"))
    else:
        lines.append(t("strength.least", police=texts.number(least.police), days=found.days))
        names = dict(zip(scenario.villages.subdistrict_codes, scenario.villages.subdistrict_names, strict=True))
        rest = [f"{names[code]} {n}" for code, n in resting(scenario, found.today, least).items() if n > 0]
        if rest:
            lines.append(t("strength.rest", places=texts.joined(rest)))
    squads = Frontier.least(found.reserve)
    if squads is not None:
        lines.append(t("strength.least_squads", squads=texts.plural("count.squads", squads.squads)))
    for size, worth in found.squad_worth.items():
        lines.append(t("strength.worth", size=size, gain=texts.interval(worth, 1, sign=True)))
    return [*lines, t("strength.note")]


def frontier_json(scenario: Scenario, found: Frontier) -> dict[str, Any]:
    """The frontier in figures."""

    def level_json(level: Level) -> dict[str, Any]:
        return {
            "police": level.police,
            "squads": level.squads,
            "staffed": level.plan is not None,
            "added": estimate_json(level.loss),
            "families": [guarded_json(guarded) for guarded in level.guarded],
            "keeps_response": level.keeps,
            "officers_resting": resting(scenario, found.today, level),
        }

    least, squads = Frontier.least(found.police), Frontier.least(found.reserve)
    return {
        "today": found.today.name,
        "days": found.days,
        "police": [level_json(level) for level in found.police],
        "reserve": [level_json(level) for level in found.reserve],
        "least_police": None if least is None else least.police,
        "least_squads": None if squads is None else squads.squads,
        "squad_worth": {str(size): estimate_json(worth) for size, worth in found.squad_worth.items()},
    }


