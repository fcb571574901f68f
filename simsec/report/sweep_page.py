"""The page of a sweep: what was played, what came of it, and what that says, with totals only and no place named."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from simsec.analysis.intervals import Doubt, Estimate
from simsec.experiments.answers import Answers
from simsec.experiments.estimates import WORST, Discovered, discovered, gains, measures, swings
from simsec.experiments.sensitivity import LEAST, elementary_effects, sobol_indices
from simsec.experiments.store import COPY
from simsec.locale import Texts
from simsec.report.page import data_uri, environment
from simsec.report.style import capital, png
from simsec.report.sweep_figures import contour, index_bars, response_curves, tornado, written
from simsec.report.wording import plan_name
from simsec.results.run_folder import citation

Floats = NDArray[np.float64]
MOST_ROWS = 60
FAMILY = "security"


@dataclass(frozen=True)
class SweepTable:
    """A table of the page; ``words`` are the columns that hold words."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Seen:
    """Everything the page looks at: an open sweep, its points, and measure and gain at every cell."""

    answers: Answers
    points: Mapping[str, list[Any]]
    by_plan: Mapping[tuple[int, str], Estimate]
    gain: Mapping[int, Estimate]
    texts: Texts

    @property
    def kind(self) -> str:
        """Of the design."""
        return str(self.answers.manifest["identity"]["design"]["kind"])

    @property
    def plans(self) -> list[str]:
        """Names, in order."""
        return self.answers.plans

    def values(self, plan: str) -> dict[int, float]:
        """Cell -> measure of one plan."""
        return {cell: estimate.mean for (cell, name), estimate in self.by_plan.items() if name == plan}


def sweep_page(answers: Answers, texts: Texts) -> str:
    """The page of a sweep as HTML, figures inside.

    Args:
        answers: an open sweep that kept the weighted minutes of the police family.
        texts: the language.
    """
    plans = answers.plans
    seen = Seen(
        answers,
        answers.table("select * from points order by cell").to_pydict(),
        measures(answers, FAMILY),
        gains(answers, plans[0], plans[1], FAMILY) if len(plans) > 1 else {},
        texts,
    )
    figures, findings = _looked_at(seen)
    identity = answers.manifest["identity"]
    runs, failed = (answers.table(f"select count(*) as n from {name}")["n"][0].as_py() for name in ("runs", "failures"))
    context = {
        "t": texts.t,
        "texts": texts,
        "title": _title(answers, texts),
        "played": texts.t(
            "sweep.played",
            scenarios=", ".join(name.split()[0] for name in identity["scenarios"]),
            design=texts.t(f"sweep.design.{seen.kind}"),
            cells=len(seen.points["cell"]),
            plans=texts.joined([plan_name(plan, texts) for plan in plans]),
            runs=runs,
            failures=failed,
            seed=str(identity["seed"]),
        ),
        "findings": findings,
        "doubt": texts.t("sweep.few") if any(e.doubt is Doubt.FEW for e in seen.by_plan.values()) else "",
        "figures": {name: data_uri(png(figure)) for name, figure in figures.items()},
        "tables": [_factor_table(seen), *_cell_tables(seen)],
        "cite": citation(identity["scenarios"][0].split()[1], (identity["seed"],)),
    }
    return environment().get_template("sweep.html.j2").render(context)


def _title(answers: Answers, texts: Texts) -> str:
    path = answers.folder / COPY
    titled = tomllib.loads(path.read_text(encoding="utf-8")).get("title", {}) if path.exists() else {}
    return str(titled.get(texts.language, answers.manifest["experiment"]))


def _looked_at(seen: Seen) -> tuple[dict[str, Figure], list[str]]:
    """Figures and sentences that fit the design."""
    match seen.kind:
        case "grid":
            return _grid(seen)
        case "one_at_a_time":
            return _one_at_a_time(seen)
        case "morris" | "saltelli":
            return _indices(seen)
        case _:
            return {}, _failing(seen)


def _estimates(seen: Seen, plan: str, cells: Sequence[int]) -> list[Estimate | None]:
    return [seen.by_plan.get((cell, plan)) for cell in cells]


def _grid(seen: Seen) -> tuple[dict[str, Figure], list[str]]:
    """Curves along the first factor; over two numeric ones a contour a plan; else a line a level of the others."""
    factors, texts = seen.answers.factors, seen.texts
    if not factors:
        return {}, []
    ways = {name: list(dict.fromkeys(seen.points[name])) for name in factors}
    at = {tuple(row): cell for cell, row in enumerate(zip(*(seen.points[name] for name in factors), strict=True))}
    figures: dict[str, Figure] = {}
    first, others = factors[0], factors[1:]
    numeric = [name for name in factors if all(type(value) in (int, float) for value in ways[name])]
    one_scenario = len(set(seen.points["scenario"])) == 1
    if len(factors) == 2 and len(numeric) == 2 and min(len(ways[name]) for name in factors) > 2 and one_scenario:
        for plan in seen.plans:
            found = seen.values(plan)
            heights = np.array([[found.get(at[x, y], np.nan) for x in ways[first]] for y in ways[others[0]]])
            title = texts.t("sweep.contour.title", plan=plan_name(plan, texts))
            names = (factors[0], factors[1])
            figures[f"contour-{plan}"] = contour(names, ways[first], ways[others[0]], heights, title, texts)
        return figures, _gain_lines(seen)
    for scenario in dict.fromkeys(seen.points["scenario"]):
        inside = [cell for cell, name in enumerate(seen.points["scenario"]) if name == scenario]
        where = {tuple(seen.points[name][cell] for name in factors): cell for cell in inside}
        for rest in product(*(ways[name] for name in others)):
            cells = [where[value, *rest] for value in ways[first]]
            curves = {plan_name(plan, texts): _estimates(seen, plan, cells) for plan in seen.plans}
            figure = response_curves(first, ways[first], curves, texts)
            said = ", ".join(f"{name} = {written(value, texts)}" for name, value in zip(others, rest, strict=True))
            label = " · ".join(part for part in ("" if one_scenario else scenario, said) if part)
            if label:
                figure.texts[0].set_text(f"{figure.texts[0].get_text()}: {label}")
            figures[label or first] = figure
    return figures, _gain_lines(seen)


def _gain_lines(seen: Seen) -> list[str]:
    """Where the second plan is clearly better, clearly worse, or neither."""
    if not seen.gain:
        return []
    better = sum(gain.low > 0 for gain in seen.gain.values())
    worse = sum(gain.high < 0 for gain in seen.gain.values())
    t, plans = seen.texts.t, seen.plans
    return [
        t(
            "sweep.gains",
            second=plan_name(plans[1], seen.texts),
            first=plan_name(plans[0], seen.texts),
            better=better,
            worse=worse,
            unclear=len(seen.gain) - better - worse,
            cells=len(seen.gain),
        )
    ]


def _one_at_a_time(seen: Seen) -> tuple[dict[str, Figure], list[str]]:
    if not seen.gain or 0 not in seen.gain:
        return {}, []
    texts, plans = seen.texts, seen.plans
    found = swings(seen.answers, plans[0], plans[1], FAMILY)
    changing = [swing.factor for swing in found if swing.changes]
    gain = texts.interval(seen.gain[0], 1, sign=True)
    lines = [texts.t("sweep.base_gain", plan=plan_name(plans[1], texts), gain=gain)]
    if changing:
        lines.append(texts.t("sweep.changing", factors=texts.joined(changing), count=len(found)))
    else:
        lines.append(texts.t("sweep.none_changes", count=len(found)))
    return {"tornado": tornado(found, seen.gain[0], plan_name(plans[1], texts), texts)}, lines


def _indices(seen: Seen) -> tuple[dict[str, Figure], list[str]]:
    """Morris or Sobol indices of the gain where there are two plans, else of the measure."""
    texts, factors, u = seen.texts, seen.answers.factors, seen.answers.unit_points()
    gain = {cell: estimate.mean for cell, estimate in seen.gain.items()}
    found = gain or seen.values(seen.plans[0])
    values = np.array([found.get(cell, np.nan) for cell in range(len(u))])
    plan = plan_name(seen.plans[1 if gain else 0], texts)
    title = texts.t("sweep.index.gain" if gain else "sweep.index.measure", plan=plan)
    lines = _gain_lines(seen)
    if seen.kind == "morris":
        if np.isfinite(values.reshape(-1, len(factors) + 1)).all(axis=1).sum() < LEAST:
            return {}, lines
        effects = elementary_effects(u, values)
        first = int(effects.size.value.argmax())
        lines.append(texts.t("sweep.strongest", factor=factors[first], size=texts.figure(effects.size.value[first])))
        bars = {texts.t("sweep.index.effect"): effects.size}
        return {"morris": index_bars(factors, bars, title, texts.t("sweep.index.effect"), texts)}, lines
    if np.isfinite(values.reshape(len(factors) + 2, -1)).all(axis=0).sum() < LEAST:
        return {}, lines
    shares = sobol_indices(values, len(factors))
    first = int(shares.total.value.argmax())
    total = texts.percent(min(float(shares.total.value[first]), 1.0))  # few samples may estimate more than all of it
    lines.append(texts.t("sweep.largest_share", factor=factors[first], share=total))
    bars = {texts.t("sweep.index.first"): shares.first, texts.t("sweep.index.total"): shares.total}
    return {"sobol": index_bars(factors, bars, title, texts.t("sweep.index.share"), texts)}, lines


def _failing(seen: Seen) -> list[str]:
    """The box in which the second plan loses; where it never or always does, in which the measure is worst."""
    texts = seen.texts
    lines = _gain_lines(seen)
    gain = {cell: estimate.mean for cell, estimate in seen.gain.items()}
    box = discovered(seen.answers, gain) if gain else None
    if box is not None:
        lines.append(_box_line(seen, box, "sweep.box_loses", seen.plans[1]))
    for plan in seen.plans:
        found = seen.values(plan)
        limit = float(np.quantile(list(found.values()), WORST)) if found else float("nan")
        worst = discovered(seen.answers, found, limit=limit) if found else None
        if worst is not None:
            lines.append(_box_line(seen, worst, "sweep.box_worst", plan, limit=texts.number(limit, 1)))
    return lines


def _box_line(seen: Seen, found: Discovered, key: str, plan: str, **more: str) -> str:
    texts, box = seen.texts, found.box
    limits = []
    for number in np.flatnonzero(box.limited).tolist():
        column = seen.points[found.factors[number]]
        low, high = texts.figure(float(box.low[number])), texts.figure(float(box.high[number]))
        name = found.factors[number]
        if box.low[number] <= min(column):
            limits.append(texts.t("sweep.at_most", factor=name, value=high))
        elif box.high[number] >= max(column):
            limits.append(texts.t("sweep.at_least", factor=name, value=low))
        else:
            limits.append(texts.t("sweep.between", factor=name, low=low, high=high))
    return texts.t(
        key,
        plan=plan_name(plan, texts),
        limits=texts.joined(limits),
        density=texts.percent(box.density),
        coverage=texts.percent(box.coverage),
        fails=found.fails[0],
        of=found.fails[1],
        **more,
    )


def _factor_table(seen: Seen) -> SweepTable:
    t, texts = seen.texts.t, seen.texts
    rows = []
    for name in seen.answers.factors:
        values = list(dict.fromkeys(seen.points[name]))
        if len(values) <= 8:
            shown = ", ".join(written(value, texts) for value in values)
        else:
            shown = t("sweep.from_to", low=written(min(values), texts), high=written(max(values), texts))
        rows.append((name, shown))
    return SweepTable(t("sweep.factors"), (t("sweep.factor"), t("sweep.values")), tuple(rows), (0, 1))


def _cell_tables(seen: Seen) -> list[SweepTable]:
    """Measure and gain at every cell, as long as people would read them."""
    t, texts, factors = seen.texts.t, seen.texts, seen.answers.factors
    cells = range(len(seen.points["cell"]))
    if len(cells) > MOST_ROWS or len(factors) > 4:
        return []
    several = len(set(seen.points["scenario"])) > 1
    head = [*([t("sweep.scenario")] if several else []), *factors, *(plan_name(plan, texts) for plan in seen.plans)]
    head += [t("sweep.gain")] if seen.gain else []
    rows = []
    for cell in cells:
        row = [seen.points["scenario"][cell]] if several else []
        row += [written(seen.points[name][cell], texts) for name in factors]
        for plan in seen.plans:
            estimate = seen.by_plan.get((cell, plan))
            row.append(texts.interval(estimate, 1) if estimate else t("sweep.failed"))
        if seen.gain:
            gain = seen.gain.get(cell)
            row.append(texts.interval(gain, 1, sign=True) if gain else t("sweep.failed"))
        rows.append(tuple(row))
    words = tuple(range(len(factors) + several))
    return [SweepTable(capital(t("sweep.measure")), tuple(head), tuple(rows), words)]
