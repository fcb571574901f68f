"""The verification cases: each plays a textbook system through the engine and sets it beside the exact solution.

A function per case returns rows; ``CASES`` names them all, for the tests and for whoever prints them. The intervals of
one system hold together with 99.9 %: t intervals over independent long days, the beginning cut off. Seeds are fixed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simsec.day import sample_day
from simsec.day.streams import text_keys
from simsec.day.voters import VoterSettings, draw_voters, serve
from tests.verification.exact import cobham, erlang_b, erlang_c, hypercube, poisson, pollaczek_khinchine
from tests.verification.systems import LEVEL, Claim, Row, Run, compared, desk, hours_for, play, system

RARE = 0.02  # a day sees too few dispatches below this share for a t interval; they are added up
Observed = Callable[[Run], NDArray[np.generic]]


def _inside(k: int) -> Observed:
    return lambda run: run.inside == k


def _waits(kind: int) -> Observed:
    return lambda run: (run.first - run.onset)[run.kind == kind]


def _busy(unit: int) -> Observed:
    return lambda run: run.busy[:, unit]


def _answered(unit: int, place: int) -> Observed:
    return lambda run: answered(run, [(unit, place)])


def loss() -> list[Row]:
    """Erlang B: the share lost depends on the load alone, whatever the distribution of the service."""
    rows: list[Row] = []
    shapes = {
        "exponential": '{ distribution = "exponential", mean = 6 }',
        "constant": '{ distribution = "constant", value = 6 }',
        "log-normal, cv 2": '{ distribution = "lognormal", mean = 6, cv = 2 }',
    }
    for shape, service in shapes.items():
        for servers, load in ((1, 0.5), (3, 2.0), (8, 6.0)):
            hours = hours_for(8_000, load * 10, 4, 1)
            scenario = desk(servers, {"call": (load * 10, service)}, hours=hours, full="lost")
            runs = play(scenario, warm_hours=4, tail_hours=1, every_min=10)
            exact = erlang_b(servers, load)
            rows += compared(
                runs,
                [
                    Claim(f"lost, {servers} servers, load {load:g}, {shape}", exact, lambda run: run.unit < 0),
                    Claim(f"busy servers, {servers} servers, load {load:g}, {shape}", load * (1 - exact),
                          lambda run: run.busy.sum(axis=1)),
                ],
            )  # fmt: skip
    return rows


def waiting() -> list[Row]:
    """Erlang C and M/M/c: share that waits, mean wait, share that waits longer than a service, number inside."""
    rows: list[Row] = []
    for servers, load in ((1, 0.7), (3, 2.1), (10, 8.0)):
        hours = hours_for(28_000, load * 10, 20, 6)
        scenario = desk(servers, {"call": (load * 10, '{ distribution = "exponential", mean = 6 }')}, hours=hours)
        runs = play(scenario, warm_hours=20, tail_hours=6, every_min=10)
        wait, drain = erlang_c(servers, load), (servers - load) / 6
        system_name = f"{servers} servers, load {load:g}"
        rows += compared(
            runs,
            [
                Claim(f"share that waits, {system_name}", wait, lambda run: run.first > run.onset + 1e-9),
                Claim(f"mean wait, {system_name}", wait / drain, lambda run: run.first - run.onset),
                Claim(f"waits over 6 minutes, {system_name}", wait * math.exp(-6 * drain),
                      lambda run: run.first - run.onset > 6),
                Claim(f"number inside, {system_name}", load + wait * load / (servers - load), lambda run: run.inside),
            ],
        )  # fmt: skip
    return rows


def general_service() -> list[Row]:
    """M/G/1: the mean wait by Pollaczek and Khinchine for every distribution a scenario may name."""
    spread = math.sqrt((2.0**2 + 5.0**2 + 11.0**2 - 2 * 5 - 2 * 11 - 5 * 11) / 18)
    seen = np.array([1.0, 2.0, 3.0, 9.0, 15.0])
    shapes = {
        "constant": ('{ distribution = "constant", value = 6 }', 0.0),
        "triangular": ("{ low = 2, mode = 5, high = 11 }", spread / 6),
        "gamma, cv 0.5": ('{ distribution = "gamma", mean = 6, cv = 0.5 }', 0.5),
        "log-normal, cv 1": ('{ distribution = "lognormal", mean = 6, cv = 1 }', 1.0),
        "empirical": ('{ distribution = "empirical", values = [1, 2, 3, 9, 15] }', float(seen.std() / seen.mean())),
    }
    rows: list[Row] = []
    for shape, (service, cv) in shapes.items():
        scenario = desk(1, {"call": (6, service)}, hours=hours_for(16_000, 6, 10, 4))
        runs = play(scenario, warm_hours=10, tail_hours=4, every_min=20)
        exact = pollaczek_khinchine(0.1, 6, cv)
        rows += compared(
            runs,
            [
                Claim(f"mean wait, {shape}", exact, lambda run: run.first - run.onset),
                Claim(f"server busy, {shape}", 0.6, lambda run: run.busy),
            ],
        )
    return rows


def always_free() -> list[Row]:
    """M/G/infinity: the number inside is Poisson whatever the stay (Palm 1943, Khinchine)."""
    rows: list[Row] = []
    for shape in ('"exponential", mean = 20', '"lognormal", mean = 20, cv = 1.5', '"gamma", mean = 20, cv = 0.4'):
        scenario = desk(40, {"call": (30, f"{{ distribution = {shape} }}")}, hours=hours_for(20_000, 30, 8, 2))
        runs = play(scenario, warm_hours=8, tail_hours=2, every_min=10)
        name = shape.replace('"', "")
        claims = [Claim(f"number inside, {name}", 10, lambda run: run.inside)]
        claims.append(Claim(f"variance of it, {name}", 10, lambda run: (run.inside - 10.0) ** 2))
        claims += [
            Claim(f"{k} inside, {name}", poisson(10, k), _inside(k)) for k in (5, 8, 10, 12, 16)
        ]
        rows += compared(runs, claims)
    return rows


def priorities() -> list[Row]:
    """Priorities without interruption (Cobham 1954): three classes by level, each with a service of its own."""
    kinds = {
        "urgent": (2.0, '{ distribution = "gamma", mean = 8, cv = 0.5 }'),
        "middle": (3.0, '{ distribution = "exponential", mean = 4 }'),
        "routine": (4.0, '{ distribution = "constant", value = 5 }'),
    }
    levels = {"urgent": "red", "middle": "yellow", "routine": "green"}
    scenario = desk(1, kinds, hours=hours_for(70_000, 9, 20, 12), order="level_time", levels=levels)
    runs = play(scenario, warm_hours=20, tail_hours=12, every_min=60)
    exact = cobham([(2 / 60, 8, 0.5), (3 / 60, 4, 1.0), (4 / 60, 5, 0.0)])
    claims = [
        Claim(f"mean wait, {kind}", wait, _waits(n))
        for n, (kind, wait) in enumerate(zip(kinds, exact, strict=True))
    ]
    return compared(runs, claims)


def answered(run: Run, pairs: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Of the calls that somebody answered: whether one of these pairs of unit and place did."""
    came = run.unit >= 0
    hits = np.zeros(len(run.unit), dtype=np.bool_)
    for unit, place in pairs:
        hits |= (run.unit == unit) & (run.place == place)
    return hits[came]


def patrols(n: int, waits: bool) -> list[Row]:
    """Larson's hypercube model for n units with unequal rates and lists: workloads, dispatches, loss or delay, travel.

    Every place has a list of its own, drawn once; the last two bases of the first place lie equally far, and the list
    decides. Minutes of travel are short beside the service, which holds them.
    """
    random = np.random.default_rng(n)
    places = n + 2
    names = [f"p{number}" for number in range(places)]
    minutes = np.round(0.02 + 0.3 * random.random((places, places)), 3)
    lists = [random.permutation(n).tolist() for _ in range(places)]
    if n > 1:
        minutes[lists[0][-1], 0] = minutes[lists[0][-2], 0]
    per_hour = np.round((0.3 + random.random(places)) * 2 * n * 0.6 / places / 0.8, 2)
    toml = "\n".join(
        [
            '[[units]]\nkind = "car"\ncapabilities = ["guard"]',
            *[f'[[teams]]\nunit = "car"\nat = "{name}"' for name in names[:n]],
            '[incidents.call]\non_scene_min = { distribution = "exponential", mean = 30 }',
            "needs = { green = { guard = 1 } }",
            '[policy]\nname = "preference_list"',
            f'[queue]\norder = "first_come"\nfull = "{"wait" if waits else "lost"}"\nreturns = "at_once"\n'
            'service_from = "order"',
        ]
    )
    square = [",".join(["from", *names])] + [
        ",".join([names[row], *(str(value) for value in minutes[row])]) for row in range(places)
    ]
    ranks = [f"{names[p]},{r + 1},{names[unit]}" for p, order in enumerate(lists) for r, unit in enumerate(order)]
    hourly = [f"call,{name},{rate}" for name, rate in zip(names, per_hour, strict=True)]
    scenario = system(
        toml,
        hours=hours_for(20_000 if n < 4 else 50_000, float(per_hour.sum()), 8, 12),
        places="\n".join(["code", *names]) + "\n",
        travel="\n".join(square) + "\n",
        preferences="\n".join(["place,rank,base", *ranks]) + "\n",
        rates="\n".join(["kind,place,per_hour", *hourly]) + "\n",
    )  # fmt: skip
    exact = hypercube((per_hour / 60).tolist(), 30, lists, waits)
    travel = float((exact.dispatch * minutes[:n]).sum())
    runs = play(scenario, warm_hours=8, tail_hours=12, every_min=30, seed=n)
    nobody = (lambda run: run.ordered > run.onset) if waits else (lambda run: run.unit < 0)
    claims = [
        Claim("delayed" if waits else "lost", exact.full, nobody),
        Claim("mean travel", travel, lambda run: (run.first - run.ordered)[run.unit >= 0]),
    ]
    if waits:
        rho = per_hour.sum() / 60 * 30 / n
        mean_wait = exact.tail / (1 - rho) / (per_hour.sum() / 60)  # Little: mean number waiting over the rate
        claims.append(Claim("mean delay", mean_wait, lambda run: run.ordered - run.onset))
    claims += [
        Claim(f"workload of unit {unit}", exact.workload[unit], _busy(unit))
        for unit in range(n)
    ]
    pairs = [(unit, place) for unit in range(n) for place in range(places)]
    often = [pair for pair in pairs if exact.dispatch[pair] >= RARE]
    claims += [
        Claim(f"dispatches of unit {unit} to place {place}", exact.dispatch[unit, place],
              _answered(unit, place))
        for unit, place in often
    ]  # fmt: skip
    rest = [pair for pair in pairs if pair not in often]
    if rest:
        exact_rest = sum(float(exact.dispatch[pair]) for pair in rest)
        claims.append(Claim("all rarer dispatches", exact_rest, lambda run: answered(run, rest)))
    line = "infinite line" if waits else "no line"
    return [
        Row(f"{n} units, {line}: {row.name}", row.exact, row.simulated, row.low, row.high, row.n)
        for row in compared(runs, claims)
    ]


def hypercubes() -> list[Row]:
    """The hypercube model for 1 to 8 units, without a line and with an infinite one."""
    return [row for waits in (False, True) for n in range(1, 9) for row in patrols(n, waits)]


def counts_by_hour() -> list[Row]:
    """Hourly rates: the reports of each hour are Poisson with the rate of that hour, and hours are independent.

    The counts of many days are added up: the mean of an hour, and the index of dispersion (1 for Poisson) with its
    chi-square interval.
    """
    per_hour = [0.3, 2.0, 12.5, 60.0, 1.0]
    rates = [f"call,desk,H {n:02d}:00,H {n + 1:02d}:00,{rate}" for n, rate in enumerate(per_hour)]
    scenario = system(
        '[[units]]\nkind = "server"\ncapabilities = ["guard"]\n[[teams]]\nunit = "server"\nat = "desk"\n'
        "[incidents.call]\non_scene_min = 1\nneeds = { green = { guard = 1 } }",
        hours=5,
        rates="\n".join(["kind,place,start,end,per_hour", *rates]) + "\n",
    )
    days, level = 1500, 1 - (1 - LEVEL) / (2 * len(per_hour) + 1) / 2
    counts = np.array(
        [
            np.histogram(sample_day(scenario, 1, day).reports.onset_min, bins=60 * np.arange(len(per_hour) + 1))[0]
            for day in range(days)
        ]
    )
    rows = []
    for hour, rate in enumerate(per_hour):
        total = int(counts[:, hour].sum())
        low = stats.chi2.ppf(1 - level, 2 * total) / 2 / days
        high = stats.chi2.ppf(level, 2 * total + 2) / 2 / days
        rows.append(Row(f"reports of an hour at {rate:g}", rate, total / days, float(low), float(high), days))
        dispersion = counts[:, hour].var(ddof=1) / counts[:, hour].mean()
        half = stats.norm.ppf(level) * math.sqrt(2 / days + 1 / rate / days)  # of the sample variance of Poisson counts
        rows.append(Row(f"variance over mean at {rate:g}", 1.0, dispersion, dispersion - half, dispersion + half, days))
    together = np.corrcoef(counts[:, 2], counts[:, 3])[0, 1]
    half = stats.norm.ppf(level) / math.sqrt(days)
    rows.append(Row("correlation of two hours", 0.0, together, together - half, together + half, days))
    return rows


def voters_queue() -> list[Row]:
    """The voters' queue of a station with one booth: waits by Lindley's recursion (1952), voter after voter.

    W(n+1) = max(0, W(n) + S(n) - A(n+1)), the first voter waiting for the opening. The very same marks go both ways, so
    there is no interval: they agree to a second over a station's day.
    """
    settings = VoterSettings(
        0.8, 1, 0.4, 0.7, 1.4, 420.0, 780.0, ((390.0, 480.0, 0.4), (480.0, 780.0, 0.6)), "serve_queue", 900.0
    )
    stations = 12
    keys = text_keys(f"station {number}" for number in range(stations))
    marks = draw_voters(np.full(stations, 480), keys, 1, 2, 3, settings)
    never = np.full((stations, 1), np.inf)
    served = serve(marks, np.full(stations, settings.opens_min), never, never, settings)
    rows = []
    for station in range(stations):
        n = int(marks.arrived[station])
        arrival = marks.arrival_min[station, :n].astype(np.float64)
        service = marks.service_min[station, :n].astype(np.float64)
        wait = max(0.0, settings.opens_min - arrival[0])
        total = wait
        for voter in range(n - 1):
            wait = max(
                wait + service[voter] - (arrival[voter + 1] - arrival[voter]),
                settings.opens_min - arrival[voter + 1],
                0,
            )
            total += wait
        found = float(served.waiting_min[station])
        rows.append(Row(f"minutes waited at station {station + 1}", total, found, found - 1 / 60, found + 1 / 60, n))
    return rows


CASES: dict[str, Callable[[], list[Row]]] = {
    "Erlang B": loss,
    "M/M/c": waiting,
    "M/G/1": general_service,
    "M/G/infinity": always_free,
    "Priorities": priorities,
    "Hypercube": hypercubes,
    "Poisson counts": counts_by_hour,
    "Lindley": voters_queue,
}
