"""The sentences of a report, chosen by what the figures say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from simsec.analysis.intervals import Estimate
from simsec.analysis.worlds import Worlds
from simsec.locale import NOTHING, Texts
from simsec.optimization.aims import tail_from
from simsec.optimization.guard import MARGIN, Guarded, Refusal
from simsec.optimization.judge import Judged, tails
from simsec.optimization.search import Search
from simsec.plan.feasibility import PatternRow, pattern_rows, plan_problems
from simsec.plan.ledger import PAIR_PERSONS, READINGS, ledger_of
from simsec.plan.plan import Plan
from simsec.report.facts import (
    ANNOUNCED,
    BAND_MEDIAN_MIN,
    BAND_P90_MIN,
    DOCTRINE,
    NEAR_MIN,
    NOTICEABLE_MIN,
    OPTIMISED,
    PLANS,
    Losers,
    Sanity,
    Sectors,
    outside,
)
from simsec.report.labels import incident_label, only_line, parameter_label
from simsec.report.reserve import InUse, Reach, site_name
from simsec.report.style import capital
from simsec.report.verdict import (
    BreakEven,
    Deciding,
    Verdict,
    announced_over_doctrine,
    deciding,
    same_plan,
    verdict,
    winner_changers,
)
from simsec.scenario.parameter import Parameter
from simsec.scenario.reading import Scenario
from simsec.scenario.schema import DAY_TYPES

WORLDS_THAT_HOLD = 0.9  # share of worlds in which a gain must stand before it is called robust


def first_sentence(judged: Judged, search: Search, texts: Texts) -> str:
    """The sentence a report opens with: in how many worlds, how much, what decides; or that it is not better."""
    said = only_line(judged.scenario, texts)
    return f"{said} {_verdict_sentence(judged, search, texts)}".strip()


def _verdict_sentence(judged: Judged, search: Search, texts: Texts) -> str:
    t, worlds = texts.t, judged.worlds
    doctrine, said = plan_name(judged.plans[DOCTRINE].name, texts), verdict(judged, search)
    if said == "not_accepted" and guarded_off(search):
        return t("first.refused", doctrine=doctrine)
    if said == "not_accepted":
        return t("first.not_accepted", doctrine=doctrine, gain=texts.interval(search.acceptance, 1, sign=True))
    gain = texts.interval(judged.over_doctrine.gain, 1, sign=True)
    low, high = worlds.span
    fields = {
        "doctrine": doctrine,
        "gain": gain,
        "better": texts.number(worlds.better),
        "worlds": texts.number(len(worlds.gains)),
        "range": texts.t("number.range", low=texts.signed(low, 1), high=texts.signed(high, 1)),
        "decides": deciding_clause(judged.scenario, deciding(worlds), texts),
    }
    sentences: dict[Verdict, str] = {
        "too_few": "first.too_few",
        "same": "first.same",
        "worse": "first.worse",
        "unclear": "first.unclear",
        "better": "first.better",
    }
    return t(sentences[said], **fields)


def guarded_off(search: Search) -> bool:
    """Whether the guard of the other responders refused the last candidate that was left."""
    return not search.accepted and bool(search.refusals) and (not search.acceptance_days or search.acceptance.low > 0)


def holds_in_worlds(worlds: Worlds) -> bool:
    """Whether the plan was better in nearly all worlds and worse beyond chance in none."""
    return worlds.better / max(len(worlds.gains), 1) >= WORLDS_THAT_HOLD and worlds.beyond_chance[1] == 0


def worlds_line(worlds: Worlds, texts: Texts) -> str:
    """World by world: how many are beyond the chance of their own days, and whether they can be told apart."""
    better, worse = worlds.beyond_chance
    line = texts.t("opening.world_by_world", better=better, worse=worse, worlds=len(worlds.gains))
    return line if worlds.apart else f"{line} {texts.t('opening.worlds_alike')}"


def deciding_clause(scenario: Scenario, strongest: Deciding, texts: Texts) -> str:
    """Which assumption decides, or that none stands out."""
    if not strongest.path:
        return texts.t("decides.nothing")
    figure = parameter_label(scenario, strongest.path, texts)
    return texts.t("decides.one" if strongest.decides else "decides.none", figure=figure)


def plan_name(name: str, texts: Texts) -> str:
    """A plan's name in the language, where it has one."""
    return texts.t(f"plan_name.{name}") if texts.has(f"plan_name.{name}") else name


def plan_label(plan: Plan, texts: Texts) -> str:
    """A plan by its size, and by its name where that says more: pairs, stations a pair, patrols."""
    label = plan_size(plan, texts)
    return label if texts.has(f"plan_name.{plan.name}") else texts.t("plan_line", plan=plan.name, label=label)


def plan_size(plan: Plan, texts: Texts) -> str:
    """Pairs, stations a pair and patrols of a plan."""
    per_pair = texts.number(len(plan.block) / max(plan.blocks, 1), 1)
    return texts.t("plan_label", pairs=plan.blocks, per_pair=per_pair, patrols=sum(plan.patrols.values()))


def plan_labels(judged: Judged, texts: Texts) -> list[str]:
    """The three plans by size; the one proposed may be the doctrine itself."""
    labels = [plan_label(plan, texts) for plan in judged.plans]
    if same_plan(judged):
        labels[OPTIMISED] = texts.t("plan_is_doctrine")
    return labels


def opening(judged: Judged, search: Search, texts: Texts) -> list[str]:
    """What follows the first sentence: both gains on the fresh days, how far they may be trusted."""
    t, said = texts.t, verdict(judged, search)
    announced = judged.over_announced.gain
    lines = []
    if said == "better":
        lines.append(t("opening.holds" if holds_in_worlds(judged.worlds) else "opening.does_not_hold"))
    elif said != "not_accepted":
        lines.append(t(f"opening.{said}"))
    if said not in ("not_accepted", "same"):
        lines.append(worlds_line(judged.worlds, texts))
    lines.append(t("opening.over_announced", gain=texts.interval(announced, 1, sign=True)))
    lines += uneven_lines(judged, texts)
    share = texts.percent(1 - tail_from(judged.scenario))
    worst = [texts.number(found.mean, 1) for found in tails(judged)]
    lines.append(t("opening.tail", share=share, announced=worst[0], doctrine=worst[1], optimised=worst[2]))
    if said == "better" and not announced.low > 0:
        lines.append(t("opening.announced_not_beaten"))
    turned = announced_over_doctrine(judged)
    if turned.low > 0:
        lines.append(t("opening.announced_better", gain=texts.interval(turned, 1, sign=True)))
    changers = winner_changers(judged.over_doctrine)
    if changers:
        lines.append(t("opening.winner_changes", weights=texts.joined([t(f"weights.{name}") for name in changers])))
    elif said != "not_accepted":
        lines.append(t("opening.winner_stays"))
    return lines


def uneven_lines(judged: Judged, texts: Texts) -> list[str]:
    """On which days the proposed plan loses against the announced one, and on which it gains; none if it never does."""
    better, worse = sides(judged)
    if not worse:
        return []

    def said(names: Sequence[str]) -> str:
        gains = judged.over_announced.gain_by_type
        told = (texts.interval(gains[name], 1, sign=True) for name in names)
        return texts.joined([f"{texts.t(f'day_type.{name}')} {gain}" for name, gain in zip(names, told, strict=True)])

    if not better:
        return [texts.t("opening.loses_on", worse=said(worse))]
    return [texts.t("opening.uneven", better=said(better), worse=said(worse))]


def sides(judged: Judged) -> tuple[list[str], list[str]]:
    """Types of day on which the proposed plan gains, and loses, beyond chance against the announced one."""
    gains = judged.over_announced.gain_by_type
    known = [name for name in DAY_TYPES if name in gains]
    return [name for name in known if gains[name].low > 0], [name for name in known if gains[name].high < 0]


def options_text(options: str, texts: Texts) -> str:
    """What made a model differ, such as ``tail 0.3, containment 2``, with the words and numbers of the language."""
    said = []
    for option in options.split(", ") if options else ():
        if texts.has(f"option.{option.replace(' ', '_')}"):
            said.append(texts.t(f"option.{option.replace(' ', '_')}"))
            continue
        word, _, number = option.rpartition(" ")
        known = texts.has(f"option.{word}") and number.replace(".", "", 1).isdigit()
        said.append(texts.t(f"option.{word}", n=texts.figure(float(number))) if known else option)
    return ", ".join(said)


def guard_line(guarded: Guarded, texts: Texts) -> str:
    """How much longer a family waits, in words."""
    return texts.t(
        "guard.family",
        family=texts.t(f"family.{guarded.family}"),
        loss=texts.interval(guarded.loss, 1, sign=True),
        before=texts.number(guarded.before.mean, 1),
    )


def refusal_lines(refusals: Iterable[Refusal], texts: Texts) -> list[str]:
    """Which guard refused which candidate."""
    return [
        texts.t(
            "guard.refused_selection" if refusal.stage == "selection" else "guard.refused_acceptance",
            plan=options_text(refusal.options, texts),
            families="; ".join(guard_line(guarded, texts) for guarded in refusal.guarded),
            margin=texts.percent(MARGIN),
        )
        for refusal in refusals
    ]


def weights_line(scenario: Scenario, texts: Texts) -> str:
    """What the primary measure weighs, printed on page one."""
    weights = scenario.settings.weights
    return texts.t(
        "opening.weights",
        green=texts.figure(weights.green.mode),
        yellow=texts.figure(weights.yellow.mode),
        red=texts.figure(weights.red.mode),
    )


def sanity_lines(judged: Judged, found: Sanity, texts: Texts) -> list[str]:
    """Ordinary-day response against the band: inside, or by how much not and what makes it so."""
    t = texts.t
    lines = []
    for key, three, band in (("median", found.median, BAND_MEDIAN_MIN), ("p90", found.p90, BAND_P90_MIN)):
        value = three[OPTIMISED]
        off = outside(value.mean, band)
        fields = {
            "figure": t(f"sanity.{key}"),
            "value": texts.interval(value, 1),
            "band": texts.t("number.range", low=texts.number(band[0]), high=texts.number(band[1])),
        }
        if np.isnan(off):
            lines.append(t("sanity.too_few", **fields))
        elif off == 0:
            lines.append(t("sanity.inside", **fields))
        elif np.isinf(off):
            lines.append(t("sanity.never", **fields))
        else:
            side = "sanity.below" if off < 0 else "sanity.above"
            lines.append(t(side, off=texts.minutes(abs(off)), **fields))
    before = [
        texts.number(three[number].mean, 1) for three in (found.median, found.p90) for number in (ANNOUNCED, DOCTRINE)
    ]
    lines.append(t("sanity.others", median_a=before[0], median_d=before[1], p90_a=before[2], p90_d=before[3]))
    lines.append(t("sanity.request", request=texts.minutes(found.request_min)))
    if found.slow:
        most = [
            t(
                "sanity.slow_kind",
                incident=incident_label(judged.scenario, slow.kind, texts),
                share=texts.percent(slow.share),
                median=texts.minutes(slow.median_min, 0),
            )
            for slow in found.slow[:3]
        ]
        over, share = texts.number(found.slow_over_min), texts.percent(found.slow_share)
        lines.append(t("sanity.slow", over=over, share=share, kinds=texts.joined(most)))
    if found.unanswered_share > 0:
        lines.append(t("sanity.unanswered", share=texts.percent(found.unanswered_share, 1)))
    return lines


def feasibility_lines(scenario: Scenario, plan: Plan, texts: Texts) -> list[str]:
    """Can the announced pattern be staffed, what is the nearest that can, and does the plan keep all limits."""
    t, rows = texts.t, pattern_rows(scenario, plan.reading)
    first = next((row for row in rows if row.feasible), None)
    lines = [_pattern_line(rows[0], texts)]
    if first is None:
        lines.append(
            t(
                "feasibility.none",
                tps=rows[-1].tps_per_pair,
                missing=rows[-1].police_inside_subdistricts - rows[-1].available,
            )
        )
    elif first is not rows[0]:
        lines.append(t("feasibility.nearest", tps=first.tps_per_pair, line=_pattern_line(first, texts)))
        split = next(
            (row for row in rows if row.police_regency <= row.available < row.police_inside_subdistricts), None
        )
        if split is not None:
            missing = split.police_inside_subdistricts - split.available
            lines.append(t("feasibility.only_regency", tps=split.tps_per_pair, missing=missing))
    problems = plan_problems(scenario, plan)
    lines.append(t("feasibility.plan_kept") if not problems else t("feasibility.plan_broken", n=len(problems)))
    return lines


def _pattern_line(row: PatternRow, texts: Texts) -> str:
    return texts.t(
        "feasibility.works" if row.feasible else "feasibility.fails",
        tps=row.tps_per_pair,
        regency=row.police_regency,
        inside=row.police_inside_subdistricts,
        available=row.available,
        missing=max(row.police_inside_subdistricts - row.available, 0),
    )


def reading_lines(scenario: Scenario, plan: Plan, texts: Texts) -> list[str]:
    """What the readings that were not used would change."""
    used = ledger_of(scenario, plan.reading)
    lines = []
    for reading in READINGS:
        if reading == plan.reading:
            continue
        other = ledger_of(scenario, reading)
        first = next((row for row in pattern_rows(scenario, reading) if row.feasible), None)
        size = texts.t("ledger.block", tps=first.tps_per_pair) if first else texts.t("ledger.no_block")
        lines.append(
            texts.t(
                "ledger.other_reading",
                reading=texts.t(f"reading.{reading}"),
                free=other.free,
                pairs=other.pairs,
                difference=texts.signed(other.pairs - used.pairs),
                block=size,
            )
        )
    return lines


def site_text(scenario: Scenario, code: str, squads: int, texts: Texts) -> str:
    """Squads at a site of a plan in words."""
    key = "reserve.at_forward_post" if code in scenario.villages.code else "reserve.at_post"
    return texts.t(key, squads=texts.plural("count.squads", squads), site=site_name(scenario, code))


def all_sites(scenario: Scenario, plans: Sequence[Plan]) -> list[str]:
    """Every site a plan uses: posts in the scenario's order, then villages as forward posts."""
    used = {site for plan in plans for site in (*plan.squads, *plan.patrols)}
    return [site for site in (*scenario.posts.code, *scenario.villages.code) if site in used]


def reserve_lines(scenario: Scenario, before: Reach, after: Reach, texts: Texts) -> list[str]:
    """Where the reserve waits and why there."""
    t = texts.t
    if not after.sites:
        return [t("reserve.none")]
    lines = [
        t(
            "reserve.waits",
            sites=texts.joined([site_text(scenario, site.code, site.squads, texts) for site in after.sites]),
        )
    ]
    if not before.sites:
        return lines
    if {(site.code, site.squads) for site in before.sites} == {(site.code, site.squads) for site in after.sites}:
        lines.append(
            t(
                "reserve.unchanged",
                mean=texts.minutes(after.mean_min, 0),
                near=texts.percent(after.near_share),
                limit=texts.number(NEAR_MIN),
            )
        )
        return lines
    lines.append(
        t(
            "reserve.why",
            before=texts.minutes(before.mean_min, 0),
            after=texts.minutes(after.mean_min, 0),
            worst_before=texts.minutes(before.worst_tenth_min, 0),
            worst_after=texts.minutes(after.worst_tenth_min, 0),
            near_before=texts.percent(before.near_share),
            near_after=texts.percent(after.near_share),
            limit=texts.number(NEAR_MIN),
        )
    )
    moved = [site for site in after.sites if site.code not in {old.code for old in before.sites}]
    nearest = []
    for site in moved:
        sector = scenario.villages.subdistrict_names[site.sector] if site.sector >= 0 else NOTHING
        stations = texts.plural("count.stations", site.stations)
        nearest.append(t("reserve.site", site=site.name, sector=sector, stations=stations))
    if nearest:
        lines.append(t("reserve.nearest", sites="; ".join(nearest)))
    return lines


def in_use_line(day_type: str, found: InUse, size: int, texts: Texts) -> str:
    """How much of the reserve a type of day takes."""
    return texts.t(
        "reserve.in_use",
        day_type=capital(texts.t(f"day_type.{day_type}")),
        any=texts.percent(found.any_out_share),
        all=texts.percent(found.all_out_share),
        peak=texts.number(float(found.mean.max(initial=0.0)), 1),
        size=size,
    )


def plan_kind(plan: int, texts: Texts) -> str:
    """What one of the three plans is called: announced plan, best doctrine, optimised plan."""
    return texts.t(f"plan.{PLANS[plan]}")


def severe_probability(assumed: Parameter, texts: Texts) -> str:
    """How likely a severe day is assumed to be."""
    low, mode, high = (texts.percent(share, 1) for share in (assumed.low, assumed.mode, assumed.high))
    return texts.t("severe.probability", low=low, mode=mode, high=high, grade=assumed.grade)


def break_even_lines(found: BreakEven, texts: Texts) -> list[str]:
    """What a severe day gains, what an ordinary day costs, and how likely the one must be to pay for the other."""
    t, assumed = texts.t, found.assumed
    lines: list[str] = []
    fields = {
        "plan": plan_kind(found.against, texts),
        "ordinary": texts.interval(found.ordinary, 1, sign=True),
        "severe": texts.interval(found.severe, 1, sign=True),
    }
    if any(np.isnan(x) for x in (found.ordinary.low, found.severe.low)):
        return [*lines, t("severe.too_few", **fields)]
    if np.isfinite(found.probability):
        where = (
            "likely" if found.probability < assumed.low else "unlikely" if found.probability > assumed.high else "open"
        )
        key = "severe.pays_above" if found.severe.mean > 0 else "severe.pays_below"
        lines.append(t(key, probability=texts.percent(found.probability, 2), **fields))
        if found.severe.mean > 0:
            lines.append(t(f"severe.break_even_{where}"))
        return lines
    ordinary, severe = _side(found.ordinary), _side(found.severe)
    cases = {(1, 1): "both_gain", (0, 1): "free", (1, 0): "ordinary_only", (-1, 0): "only_costs", (-1, -1): "both_lose"}
    cases[(0, -1)] = "severe_loses"
    return [*lines, t(f"severe.{cases.get((ordinary, severe), 'nil')}", **fields)]


def _side(gain: Estimate) -> int:
    """1 gains beyond chance, -1 loses, 0 neither."""
    return 1 if gain.low > 0 else -1 if gain.high < 0 else 0


def loser_lines(judged: Judged, found: Losers, against: int, texts: Texts) -> list[str]:
    """Who gets less than under another plan."""
    t, scenario = texts.t, judged.scenario
    plan = plan_kind(against, texts)
    limit = texts.minutes(NOTICEABLE_MIN, 0)
    if not found.count:
        return [t("losers.none", plan=plan, limit=limit)]
    line = t(
        "losers.some",
        plan=plan,
        limit=limit,
        n=found.count,
        all=len(scenario.stations),
        share=texts.percent(found.count / len(scenario.stations)),
        gainers=found.gainers,
        worst=texts.minutes(found.worst_min),
        station=scenario.stations.name[found.worst_station],
        sector=scenario.villages.subdistrict_names[int(scenario.stations.subdistrict[found.worst_station])],
    )
    return [line]


def restore_line(found: Sectors, texts: Texts) -> str:
    """The strength that would give every sub-district at least its announced pairs on top of this plan."""
    missing = int(np.maximum(found.pairs[ANNOUNCED] - found.pairs[OPTIMISED], 0).sum())
    if not missing:
        return texts.t("losers.no_pairs_missing")
    return texts.t("losers.restore", pairs=missing, officers=missing * PAIR_PERSONS)


def sector_lines(scenario: Scenario, gains: tuple[Estimate, ...], against: int, texts: Texts) -> list[str]:
    """Sub-districts that gain or lose beyond chance."""
    t, names = texts.t, scenario.villages.subdistrict_names
    plan = plan_kind(against, texts)
    up = [names[n] for n, gain in enumerate(gains) if gain.low > 0]
    down = [names[n] for n, gain in enumerate(gains) if gain.high < 0]
    if not up and not down:
        return [t("sectors.nobody", plan=plan)]
    nobody = t("sectors.none_of_them")
    return [
        t("sectors.some", plan=plan, up=texts.joined(up) if up else nobody, down=texts.joined(down) if down else nobody)
    ]
