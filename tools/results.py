"""Search and judge a plan for every area and write ``docs/results.md``: ``python tools/results.py``.

Each area leaves its figures in ``docs/results/<area>.json``; the page is made of those alone. An area whose figures are
there, of the same scenario and the same days, is left as it is, so a run that was stopped goes on where it was. Nothing
finer than a sub-district is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simsec.analysis.intervals import Estimate
from simsec.analysis.replications import DayKey, day_keys
from simsec.analysis.workers import Progress, Workers, open_workers
from simsec.base.files import write_text
from simsec.cli.plan import certificate_json
from simsec.locale import NOTHING, Texts
from simsec.locale import texts as texts_of
from simsec.optimization.aims import gain
from simsec.optimization.guard import guard
from simsec.optimization.judge import JUDGING_FIRST, JUDGING_SEEDS, Judged, judge, tails
from simsec.optimization.needs import placed_reserve
from simsec.optimization.reserve import SPLITS, reserve_curve
from simsec.optimization.search import Search, search
from simsec.report import wording
from simsec.report.facts import ANNOUNCED, DOCTRINE, OPTIMISED, PLANS, SCOPES, headline, sectors
from simsec.report.labels import parameter_label
from simsec.report.reserve import in_use
from simsec.report.reserve_curve import against, asked_size
from simsec.report.verdict import break_even, deciding, same_plan, verdict
from simsec.results.run_folder import estimate_json, json_text, versions
from simsec.scenario import Scenario, read_scenario
from simsec.scenario.schema import DAY_TYPES

ROOT = Path(__file__).resolve().parents[1]
FOLDER, PAGE = ROOT / "docs" / "results", ROOT / "docs" / "results.md"
AREAS = ("kabupaten-semarang", "kabupaten-jepara", "kota-semarang", "kota-tangerang", "kota-tangerang-selatan")
DAYS, WORLD_DAYS, RESERVE_DAYS = 1000, 40, 200  # of every type; three times as many severe days in each world
TIME_LIMIT_S = 60.0
MEASURES = ("primary", "median", "p90")
DIGITS = 4  # of the figures that are kept


@dataclass(frozen=True)
class Size:
    """How much is played: days of every type for judging, for each assumption world and for the reserve curve."""

    days: int = DAYS
    world_days: int = WORLD_DAYS
    reserve_days: int = RESERVE_DAYS


def main(arguments: Sequence[str] | None = None) -> None:
    """Work out what is missing, area by area, and write the page anew after each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--areas", nargs="*", default=list(AREAS), help="folders of scenarios/; none: the page alone")
    parser.add_argument("--days", type=int, default=DAYS, help="judging days of every type")
    parser.add_argument("--world-days", type=int, default=WORLD_DAYS, help="days of a type in each assumption world")
    parser.add_argument("--reserve-days", type=int, default=RESERVE_DAYS, help="days of every type for the reserve")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args(arguments)
    size = Size(asked.days, asked.world_days, asked.reserve_days)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open_workers(asked.workers) as pool:
        for name in asked.areas:
            scenario, path = read_scenario(ROOT / "scenarios" / name), FOLDER / f"{name}.json"
            if _is_there(path, scenario, size):
                print(f"{name}: is there", file=sys.stderr)
                continue
            found = results(scenario, size, pool)
            write_text(path, json_text(_rounded(found)) + "\n")
            write_text(PAGE, page(kept()))
    write_text(PAGE, page(kept()))


def _is_there(path: Path, scenario: Scenario, size: Size) -> bool:
    if not path.exists():
        return False
    found = json.loads(path.read_text(encoding="utf-8"))
    return bool(found["scenario_hash"] == scenario.hash and found["size"] == vars(size))


def kept() -> list[dict[str, Any]]:
    """The figures of the areas that are there, in the order of the page."""
    paths = [FOLDER / f"{name}.json" for name in AREAS]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def results(scenario: Scenario, size: Size, pool: Workers) -> dict[str, Any]:
    """Search, judge and measure the reserve of one area: its figures for the page."""
    begun, name = time.monotonic(), scenario.settings.name

    def told(stage: str) -> Progress:
        return lambda done, of: print(
            f"{name} {time.monotonic() - begun:6.0f} s  {stage} {done}/{of}", file=sys.stderr, flush=True
        )

    found = search(scenario, pool, time_limit_s=TIME_LIMIT_S, progress=told)
    judged = judge(
        scenario,
        found.announced,
        found.best_doctrine,
        found.chosen,
        dict.fromkeys(DAY_TYPES, size.days),
        {**dict.fromkeys(DAY_TYPES, size.world_days), "severe": 3 * size.world_days},
        pool,
        progress=(told("judging"), told("worlds")),
    )
    placed = placed_reserve(scenario, found.chosen, pool, progress=told("certificate"))
    found = replace(found, placed=placed)
    reserve = reserve_facts(scenario, size.reserve_days, pool, told)
    facts = area_facts(judged, found, texts_of("en"))
    return {**facts, "reserve": reserve, "size": vars(size), "seconds": time.monotonic() - begun, **versions()}


def area_facts(judged: Judged, found: Search, texts: Texts) -> dict[str, Any]:
    """What the page says of three judged plans."""
    scenario, worlds = judged.scenario, judged.worlds
    by_key = {row.key: row for row in headline(judged)}
    strongest, squads = deciding(worlds), [sum(plan.squads.values()) for plan in judged.plans]
    used = {name: in_use(scenario, judged.runs[DOCTRINE], squads[DOCTRINE], name) for name in DAY_TYPES}
    place = sectors(judged)
    return {
        "area": scenario.settings.name,
        "scenario_hash": scenario.hash,
        "plans": dict(zip(PLANS, wording.plan_labels(judged, texts), strict=True)),
        "verdict": verdict(judged, found),
        "same_plan": same_plan(judged),
        "measures": {
            key: {
                scope: dict(zip(PLANS, map(estimate_json, by_key[key].by_scope[scope]), strict=True))
                for scope in SCOPES
            }
            for key in MEASURES
        },
        "gain": {
            against: {
                "natural": estimate_json(comparison.gain),
                **{name: estimate_json(one) for name, one in comparison.gain_by_type.items()},
            }
            for against, comparison in (("announced", judged.over_announced), ("doctrine", judged.over_doctrine))
        },
        "guard": [
            {"family": one.family, "before": one.before.mean, "added": estimate_json(one.loss), "worse": one.worse}
            for one in guard(scenario, judged.runs[DOCTRINE], judged.runs[OPTIMISED])
        ],
        "tail": dict(zip(PLANS, map(estimate_json, tails(judged)), strict=True)),
        "tail_gain": estimate_json(gain(scenario, judged.runs[DOCTRINE], judged.runs[OPTIMISED], "tail")),
        "certificate": certificate_json(found),
        "worlds": {
            "count": len(worlds.gains),
            "better": worlds.better,
            "beyond_chance": worlds.beyond_chance,
            "span": worlds.span,
            "decides": strongest.decides,
            "figure": parameter_label(scenario, strongest.path, texts) if strongest.path else "",
        },
        "said": {
            "first": wording.first_sentence(judged, found, texts),
            "opening": wording.opening(judged, found, texts),
            "refused": wording.refusal_lines(found.refusals, texts),
            "severe": wording.severe_probability(scenario.settings.day_types.severe, texts),
            "placement": [
                line
                for against in ((DOCTRINE, ANNOUNCED) if judged.plans[0].hash != judged.plans[1].hash else (DOCTRINE,))
                for line in wording.break_even_lines(break_even(judged, against), texts)
            ],
        },
        "in_use": {
            name: {
                "any": one.any_out_share,
                "all": one.all_out_share,
                "mean_at_peak": float(one.mean.max(initial=0.0)),
                "p90_at_peak": float(one.p90.max(initial=0.0)),
                "squads": squads[DOCTRINE],
            }
            for name, one in used.items()
            if one is not None
        },
        "subdistricts": [
            {
                "name": name,
                "stations": int(place.stations[number]),
                "minutes": dict(zip(PLANS, place.minutes[:, number].tolist(), strict=True)),
                "gain": estimate_json(place.over_doctrine[number]),
            }
            for number, name in enumerate(scenario.villages.subdistrict_names)
        ],
    }


def reserve_facts(scenario: Scenario, days: int, pool: Workers, told: Callable[[str], Progress]) -> dict[str, Any]:
    """What a larger reserve, or another place, gains and costs at the same announced strength, type by type.

    The announced doctrine under the reading ``reserve_inside``: every officer not in reserve stands in a pair. The
    judging days, so that the search has not seen them.
    """

    def keys(number: int) -> tuple[DayKey, ...]:
        return day_keys(dict.fromkeys(DAY_TYPES, number), JUDGING_SEEDS, JUDGING_FIRST)

    curve = reserve_curve(scenario, pool, days=days, keys=keys, progress=told)
    announced, at_post = scenario.settings.forces.reserve.mode, curve.of(SPLITS[0])
    if len(at_post) < 2:
        return {"levels": [], "announced": announced}
    least, most, size = at_post[0], at_post[-1], asked_size(scenario, curve)
    found = against(scenario, curve, least, most)
    same = next(stand for stand in at_post if stand.officers == size)
    others = [stand for stand in curve.stands if stand.officers == size and stand.split != SPLITS[0]]
    return {
        "announced": announced,
        "squad": scenario.settings.forces.squad_persons,
        "levels": [
            {
                "officers": stand.officers,
                "pairs": stand.pairs,
                "gain": {name: estimate_json(one) for name, one in stand.gain.items()},
                "containment": estimate_json(stand.containment),
                "drive_minutes_saved": stand.expected["severe"],
            }
            for stand in at_post
        ],
        "splits": [
            {
                "split": stand.split,
                "officers": stand.officers,
                **{
                    name: estimate_json(getattr(against(scenario, curve, same, stand), name))
                    for name in ("ordinary", "severe")
                },
                "containment": estimate_json(stand.containment),
            }
            for stand in others
        ],
        "ordinary": estimate_json(found.ordinary),
        "severe": estimate_json(found.severe),
        "probability": found.probability,
        "assumed": [found.assumed.low, found.assumed.mode, found.assumed.high],
        "source": {"grade": found.assumed.grade, "text": found.assumed.source},
    }


def _rounded(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _rounded(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_rounded(value) for value in data]
    return round(data, DIGITS) if isinstance(data, float) else data


def figure(kept_figure: Mapping[str, Any]) -> Estimate:
    """A figure as it was kept."""
    low, mean, high = (float("nan") if kept_figure[k] is None else kept_figure[k] for k in ("low", "mean", "high"))
    return Estimate(mean, low, high, kept_figure["days"])


def page(areas: Sequence[Mapping[str, Any]]) -> str:
    """The page, from the figures that were kept."""
    texts = texts_of("en")
    missing = [name for name in AREAS if name not in {area["area"] for area in areas}]
    lines = [HEAD.format(days=_days(areas)), *_overview(areas, texts)]
    if missing:
        lines += ["", f"Not worked out yet: {', '.join(missing)}."]
    for area in areas:
        lines += ["", *_area(area, texts)]
    return "\n".join(lines) + "\n"


def _days(areas: Sequence[Mapping[str, Any]]) -> str:
    found = {area["size"]["days"] for area in areas}
    return " to ".join(f"{n:,}" for n in sorted({min(found), max(found)})) if found else "no"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """A table whose first columns hold words and the others figures."""
    rule = ["---"] * words + ["--:"] * (len(head) - words)
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]


def _ranged(kept_figure: Mapping[str, Any], texts: Texts, digits: int = 2) -> str:
    """A gain with its range; nil said plainly."""
    one = figure(kept_figure)
    return "nil" if one.mean == one.low == one.high == 0 else texts.interval(one, digits, sign=True)


def _gained(kept_figure: Mapping[str, Any], texts: Texts) -> str:
    """The same, and whether it is beyond chance."""
    said = _ranged(kept_figure, texts)
    return said if said == "nil" or figure(kept_figure).excludes_zero else f"{said}, not beyond chance"


def _overview(areas: Sequence[Mapping[str, Any]], texts: Texts) -> list[str]:
    words = {
        "better": "better",
        "not_announced": "better than the best doctrine, not shown to be better than the announced plan",
        "unclear": "no gain shown",
        "worse": "worse",
        "same": "no gain",
        "too_few": "too few days",
        "not_accepted": "no gain: nothing passed the test",
    }
    rows = [
        (
            f"[{area['area']}](#{area['area']})",
            words["not_announced" if area["verdict"] == "better" and not _beats_announced(area) else area["verdict"]],
            _gained(area["gain"]["doctrine"]["natural"], texts),
            _gained(area["gain"]["announced"]["natural"], texts),
            f"{area['worlds']['better']} of {area['worlds']['count']}" if not area["same_plan"] else "one plan",
            _gap(area, texts),
            ", ".join(_worse_off(area, texts)) or "nobody",
        )
        for area in areas
    ]
    gains = ("gain over best doctrine", "over announced", "better in worlds")
    return table(("area", "optimised plan", *gains, "model's gap", "others who wait longer"), rows, words=2)


def _beats_announced(area: Mapping[str, Any]) -> bool:
    return figure(area["gain"]["announced"]["natural"]).low > 0


def _worse_off(area: Mapping[str, Any], texts: Texts) -> list[str]:
    """Families that the guard's rule calls worse on the fresh days, though it let the plan pass before."""
    return [texts.t("family." + one["family"]) for one in area["guard"] if one["worse"]]


def _gap(area: Mapping[str, Any], texts: Texts) -> str:
    found = area["certificate"]["deployment_model"]
    return texts.percent(found["gap"], 1) if found["proven"] else "not proven"


def _area(area: Mapping[str, Any], texts: Texts) -> list[str]:
    size, said, worlds = area["size"], area["said"], area["worlds"]
    lines = [f"## {area['area']}", "", f"**{said['first']}**", "", " ".join(said["opening"]), ""]
    if area["same_plan"]:
        lines += ["No gain over the best doctrine: it is itself the plan proposed.", ""]
    lines += [f"- {name}: {label}" for name, label in zip(NAMES.values(), area["plans"].values(), strict=True)]
    lines += ["", f"{size['days']:,} fresh days of every type.", ""]
    for key, what in MEASURE_WORDS.items():
        rows = [
            (SCOPE_WORDS[scope], *(texts.interval(figure(by_plan[plan]), 1) for plan in PLANS))
            for scope, by_plan in area["measures"][key].items()
        ]
        lines += [*table((what, *NAMES.values()), rows), ""]
    rows = [
        (SCOPE_WORDS[scope], *(_gained(area["gain"][against][scope], texts) for against in ("announced", "doctrine")))
        for scope in area["gain"]["doctrine"]
    ]
    lines += [*table(("gain of the optimised plan", "over the announced plan", "over the best doctrine"), rows), ""]
    tail = (texts.interval(figure(area["tail"][plan]), 1) for plan in PLANS)
    lines += [*table(("worst tenth of days", *NAMES.values()), [("weighted minutes", *tail)]), ""]
    lines += [f"Gain there over the best doctrine: {_gained(area['tail_gain'], texts)}.", ""]
    lines += [_others(area, texts), ""]
    if worse := _worse_off(area, texts):
        lines += [f"**Longer waits on these days: {texts.joined(worse)}**, though the guard let the plan pass.", ""]
    lines += [*said["refused"], *([""] if said["refused"] else [])]
    lines += [_worlds(worlds, area["same_plan"], texts), "", _certificate(area, texts), ""]
    lines += ["### Reserve", "", *_reserve(area, texts), "", "### By sub-district", "", *_places(area, texts)]
    return lines


def _others(area: Mapping[str, Any], texts: Texts) -> str:
    changes = [
        f"{texts.t('family.' + one['family'])} {texts.interval(figure(one['added']), 2, sign=True)} on "
        f"{texts.number(one['before'], 1)}{' (**worse**)' if one['worse'] else ''}"
        for one in area["guard"]
    ]
    return f"Other families, minutes added against the best doctrine (one-sided 95 % each): {'; '.join(changes)}."


def _worlds(worlds: Mapping[str, Any], same: bool, texts: Texts) -> str:
    if same:
        return f"Worlds: in all {worlds['count']} the plan proposed is the best doctrine, so the gain is nil."
    low, high = (texts.signed(end, 1) for end in worlds["span"])
    figured = f"; the assumption that decides is {worlds['figure']}" if worlds["decides"] else ""
    return (
        f"Worlds: better in {worlds['better']} of {worlds['count']}, gain {low} to {high} weighted minutes; beyond the "
        f"chance of its days better in {worlds['beyond_chance'][0]} and worse in {worlds['beyond_chance'][1]}{figured}."
    )


def _certificate(area: Mapping[str, Any], texts: Texts) -> str:
    found = area["certificate"]
    chosen = found["best_of_the_models"]["probability"]
    best = "not proven" if chosen is None else f"with probability {texts.percent(min(chosen, 0.99))} or more"
    reserve = found["reserve"]
    sampled = (
        f"on a {SCOPE_WORDS[reserve['day_type']]} its drives are at most {texts.number(reserve['gap'], 1)} minutes "
        f"({texts.percent(reserve['share'], 1)}) above those from the best places ({texts.percent(reserve['level'])}, "
        f"one-sided, {reserve['days']} days)"
        if reserve["proven"]
        else f"not proven ({reserve['reason']})"
    )
    return (
        f"Certificate: deployment model, gap {_gap(area, texts)}; reserve model, {sampled}; bound without congestion, "
        f"not proven ({found['no_congestion']['reason']}); best of the models, {best}."
    )


def _reserve(area: Mapping[str, Any], texts: Texts) -> list[str]:
    rows = [
        (
            SCOPE_WORDS[name],
            texts.percent(one["any"]),
            texts.percent(one["all"]),
            texts.number(one["mean_at_peak"], 1),
            texts.number(one["p90_at_peak"]),
            f"{one['squads']}",
        )
        for name, one in area["in_use"].items()
    ]
    head = ("best doctrine", "days with a squad out", "days with all out", "out at the peak, mean", "nine days in ten")
    lines = [*table((*head, "squads"), rows), "", area["said"]["severe"], ""]
    lines += [*(f"- {line}" for line in area["said"]["placement"]), ""]
    found = area["reserve"]
    if not found["levels"]:
        return [*lines, "No curve over the size of the reserve: the strength staffs no two sizes."]
    least, most = found["levels"][0], found["levels"][-1]
    ordinary, severe = figure(found["ordinary"]), figure(found["severe"])
    told = (
        f"Keeping {most['officers']} back instead of {least['officers']}, of the same strength, changes an ordinary "
        f"day by {texts.interval(ordinary, 1, sign=True)} and a severe one by {texts.interval(severe, 1, sign=True)} "
        "weighted minutes (plus is better)"
    )
    if found["probability"] is not None:
        word = "likelier" if severe.mean > 0 else "less likely"
        low, mode, high = (texts.percent(share, 1) for share in found["assumed"])
        told += f": it pays if a severe day is {word} than {texts.percent(found['probability'], 2)} "
        told += f"(assumed: {mode}, {low} to {high})."
    elif severe.low > 0 and not ordinary.high < 0:
        told += "; the gain on severe days costs nothing that can be seen on an ordinary one."
    else:
        told += "; the two do not pull apart beyond chance, so there is no break-even."
    sizes: list[tuple[str, ...]] = [
        (
            texts.number(level["officers"]),
            texts.number(level["pairs"]),
            *(_ranged(level["gain"][name], texts) if level is not least else NOTHING for name in DAY_TYPES),
        )
        for level in found["levels"]
    ]
    if "source" in found:
        source = found["source"]
        told += f" The probability of a severe day: grade {source['grade']}, {source['text']}."
    names = [SCOPE_WORDS[name] for name in DAY_TYPES]
    days = f"Gain over the smallest reserve, {area['size']['reserve_days']:,} days of every type:"
    columns = ["officers back", "pairs on guard", *names]
    if "containment" in least:
        columns += ["severe day: rests on containment", "two-stage model: drive minutes saved"]
        sizes = [
            (
                *row,
                _ranged(level["containment"], texts) if level is not least else NOTHING,
                texts.signed(level["drive_minutes_saved"], 0) if level is not least else NOTHING,
            )
            for row, level in zip(sizes, found["levels"], strict=True)
        ]
    return [*lines, told, "", *_splits(found, texts), days, "", *table(columns, sizes)]


def _splits(found: Mapping[str, Any], texts: Texts) -> list[str]:
    """The same reserve waiting elsewhere than at headquarters, and what of its worth rests on containment."""
    lines = [
        f"- {found_at['officers']} officers {SPLIT_WORDS[found_at['split']]} instead of at headquarters change an "
        f"ordinary day by {texts.interval(figure(found_at['ordinary']), 1, sign=True)} and a severe one by "
        f"{texts.interval(figure(found_at['severe']), 1, sign=True)} weighted minutes. Of its gain over the smallest "
        f"reserve on a severe day rests on containment: {_gained(found_at['containment'], texts)}."
        for found_at in found.get("splits", ())
    ]
    return [*lines, ""] if lines else []


def _places(area: Mapping[str, Any], texts: Texts) -> list[str]:
    gains = [figure(one["gain"]) for one in area["subdistricts"]]
    better, worse = sum(one.low > 0 for one in gains), sum(one.high < 0 for one in gains)
    rows = [
        (
            one["name"],
            texts.number(one["stations"]),
            *(NOTHING if one["minutes"][p] is None else texts.number(one["minutes"][p], 1) for p in PLANS),
            _ranged(one["gain"], texts, 1),
        )
        for one in area["subdistricts"]
    ]
    minutes = (f"minutes, {name}" for name in NAMES.values())
    head = ("sub-district", "stations", *minutes, "gain over best doctrine")
    return [
        f"Against the best doctrine, days without a severe event: {better} gain beyond chance, {worse} lose, "
        f"{len(gains) - better - worse} neither.",
        "",
        "<details><summary>Table</summary>",
        "",
        *table(head, rows),
        "",
        "</details>",
    ]


NAMES = dict(zip(PLANS, ("announced plan", "best doctrine", "optimised plan"), strict=True))
MEASURE_WORDS = {
    "primary": "weighted minutes",
    "median": "median minutes to first help",
    "p90": "minutes, nine of ten",
}
SCOPE_WORDS = {
    "natural": "natural mixture",
    "ordinary": "ordinary day",
    "heavy_rain": "heavy rain",
    "rumour": "rumour",
    "severe": "severe day",
}
SPLIT_WORDS = {"rayons": "split over the rayons", "forward": "at the sites the model likes best"}
HEAD = """# What the optimised plans gain

Announced doctrine, the best of the doctrine family and the optimised plan of every shipped area, on {days} days of
every type that none of them was chosen on. Made by `python tools/results.py` from the figures in `docs/results`; an
area is worked out anew when its scenario changed.

**How to read it.** Minutes run from onset to first help by police; weighted minutes count severity (green 1, yellow 3,
red 9: a judgement) for each incident weight expected. Ranges are 95 %, over simulated days; *natural mixture* weighs
the types of day by how often they come, the rows below it are given that type. *Worlds* are {worlds} draws of all
uncertain figures at once: what is not known, which more days do not make smaller. A gain is nothing unless it stands
in both. Everything is simulated with assumptions that are graded in each scenario; none of it is a forecast. Nothing
finer than a sub-district is shown.
""".replace("{worlds}", "30")


if __name__ == "__main__":
    main()
