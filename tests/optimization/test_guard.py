"""No candidate is accepted that leaves another family of responders worse."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simsec.analysis.measures import FAMILIES
from simsec.analysis.replications import Replications, day_keys, replicate
from simsec.analysis.workers import open_workers
from simsec.optimization import search as module
from simsec.optimization.choices import Bounds
from simsec.optimization.clock import Clock
from simsec.optimization.deployment import DeploymentOptions, deploy, limits_of
from simsec.optimization.guard import MARGIN, MOST_DAYS, Guarded, Waited, guard, held, refused
from simsec.optimization.pricing import Busy, prices_of
from simsec.plan import doctrine, doctrine_family
from simsec.plan.doctrine import polsek_of
from simsec.scenario.schema import DAY_TYPES
from tests.areas import shipped, tiny

FEW: dict[str, int] = dict.fromkeys(DAY_TYPES, 6)


def longer(runs: Replications, family: str, factor: float, spread: float = 0.0) -> Replications:
    weighted, column = runs.weighted.copy(), FAMILIES.index(family)
    noise = np.where(np.arange(len(runs)) % 2, spread, -spread) * weighted[:, column].mean()
    weighted[:, column] = weighted[:, column] * factor + noise
    return replace(runs, weighted=weighted)


def test_a_family_that_waits_longer_beyond_tolerance_and_chance_is_worse_and_no_other() -> None:
    runs = replicate(tiny(), doctrine(tiny()), {**FEW, "ordinary": 40})
    assert [found.family for found in guard(tiny(), runs, runs)] == ["medical", "logistics", "hazard"]
    assert not refused(guard(tiny(), runs, runs))
    assert [f.family for f in refused(guard(tiny(), runs, longer(runs, "medical", 1.2)))] == ["medical"]
    assert not refused(guard(tiny(), runs, longer(runs, "medical", 1.005)))  # within the tolerance
    assert not refused(guard(tiny(), runs, longer(runs, "medical", 1.05, spread=5.0)))  # cannot be told from chance
    assert refused(guard(tiny(), runs, longer(runs, "medical", 1.5, spread=5.0)))  # so much is refused without proof
    assert not refused(guard(tiny(), runs, longer(runs, "security", 9.0)))  # what the candidate was made for
    assert refused(guard(tiny(), runs, longer(runs, "security", 9.0), but="medical"))


def test_a_search_whose_every_candidate_is_refused_keeps_doctrine_and_says_who_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def strict(*given: Any, **named: Any) -> tuple[Guarded, ...]:
        return tuple(replace(found, tolerance=-1e9) for found in guard(*given, **named))

    monkeypatch.setattr(module, "guard", strict)
    monkeypatch.setattr(module, "PORTFOLIO", ((0.0, 1.0, module.PATROLS), (0.3, 1.0, module.NOTHING)))
    with open_workers(1) as pool:
        found = module.search(tiny(), pool, time_limit_s=5, training=FEW, selection=FEW, acceptance=FEW)
    models = [candidate for candidate in found.candidates if candidate.origin == "model"]
    assert not found.accepted and found.chosen is found.best_doctrine and found.choice.best == -1
    assert {refusal.plan.hash for refusal in found.refusals} == {model.plan.hash for model in models}
    assert all(refusal.stage == "selection" and refusal.guarded for refusal in found.refusals)


def test_a_model_that_keeps_patrols_undercuts_doctrine_at_no_polsek() -> None:
    area = shipped()
    plan = doctrine_family(area)[3]
    prices = prices_of(area, Busy.of(area, 0.03, 7, 0.05, 0.01), forward_per_sector=0)
    bounds = module.floors(area, plan, Bounds())
    made = deploy(prices, limits_of(area), DeploymentOptions(tail_weight=0.0, gap=0.05), bounds)
    assert all(made.patrols[site] >= plan.patrols[site] for site in polsek_of(area))
    free = deploy(prices, limits_of(area), DeploymentOptions(tail_weight=0.0, gap=0.05))
    assert any(free.patrols[site] < plan.patrols[site] for site in polsek_of(area))


def test_a_search_out_of_time_gives_what_it_has_and_says_so() -> None:
    clock = Clock(1.001)  # next to nothing once the margin is taken off
    with open_workers(1) as pool:
        found = module.search(tiny(), pool, clock=clock)
    assert found.time_is_up and not found.accepted and found.chosen.blocks > 0
    assert found.chosen_candidate is None or found.chosen_candidate.origin == "doctrine"


def test_days_are_rationed_to_the_time_left() -> None:
    clock = Clock(100.0)
    clock.played(days=100, plans=1, seconds=10.0)
    wanted = {"ordinary": 600, "severe": 400}
    assert clock.days(wanted, plans=1, share=1.0).keys() == wanted.keys()
    assert 850 < sum(clock.days(wanted, plans=1, share=1.0).values()) <= 920
    assert sum(clock.days(wanted, plans=10, share=0.5).values()) <= 46
    assert Clock(None).days(wanted, plans=99, share=0.01) == wanted


def test_the_report_says_that_the_guard_refused_and_no_gain_that_was_never_tested() -> None:
    from simsec.locale import texts
    from simsec.optimization.guard import Refusal
    from simsec.optimization.search import NONE, Search
    from simsec.report.wording import guarded_off, refusal_lines

    plan = doctrine(tiny())
    runs = replicate(tiny(), plan, FEW)
    worse = refused(guard(tiny(), runs, longer(runs, "medical", 1.2)))
    refusal = Refusal(plan, "tail 0.3, containment 1, patrols kept", "selection", worse)
    found = Search(plan, plan, plan, False, NONE, (), 1, 1, 0, refusals=(refusal,))
    assert guarded_off(found) and not guarded_off(replace(found, refusals=()))
    assert not guarded_off(replace(found, accepted=True))
    (line,) = refusal_lines(found.refusals, texts("en"))
    assert "medical" in line and "patrols as in the best doctrine" in line and "tail weight 0.3" in line


def days(loss: float, spread: float, first: int, count: int) -> tuple[Waited, Waited]:
    """Made-up days of heavy rain, and a few of the other types on which nothing changes."""
    counts = {"ordinary": 3, "heavy_rain": count, "rumour": 3, "severe": 3} if first == 0 else {"heavy_rain": count}
    keys = day_keys(counts, (1,), first)
    rain = np.array([key.day_type == "heavy_rain" for key in keys])
    noise = np.array([np.random.default_rng(key.replication).normal(0, spread) for key in keys])
    was = np.full((len(keys), 4), 1000.0)
    now = was.copy()
    now[:, FAMILIES.index("hazard")] += np.where(rain, loss + noise, 0.0)
    stratum = np.array([DAY_TYPES.index(key.day_type) for key in keys])
    return Waited(keys, stratum, was), Waited(keys, stratum, now)


def looked(loss: float, spread: float) -> tuple[Guarded, int]:
    def more(have: Mapping[str, int], want: Mapping[str, int]) -> tuple[Waited, Waited]:
        assert {name for name in want if want[name] > have[name]} == {"heavy_rain"}  # the only type that tells
        return days(loss, spread, have["heavy_rain"], want["heavy_rain"] - have["heavy_rain"])

    found, before, _ = held(tiny(), *days(loss, spread, 0, 100), more)
    (hazard,) = (guarded for guarded in found if guarded.family == "hazard")
    assert all(guarded.shown for guarded in found if guarded.family != "hazard")
    return hazard, int(np.sum(before.stratum == DAY_TYPES.index("heavy_rain")))


def test_a_family_must_be_shown_to_wait_no_longer_on_as_many_days_as_that_takes() -> None:
    rainy = tiny().day_type_probability["heavy_rain"]
    margin = MARGIN * 1000.0 / rainy  # of a rainy day
    sure, few = looked(-margin / 2, margin)
    assert sure.shown and few == 100 and sure.power > 0.99
    harder, many = looked(0.6 * margin, 4 * margin)
    assert harder.shown and 100 < many <= MOST_DAYS
    unclear, _ = looked(0.9 * margin, 5 * margin)
    assert not unclear.shown and unclear.loss.mean > 0  # chance could explain it: it is refused all the same
    worse, soon = looked(4 * margin, 5 * margin)
    assert not worse.shown and soon < MOST_DAYS
    assert looked(0.0, 40 * margin)[0].power < 0.5  # and the report can say how little such days can show
