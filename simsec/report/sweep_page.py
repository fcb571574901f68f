"""The page of a sweep: what was played, what came of it, and what that says, with totals only and no place named."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from simsec.analysis.intervals import Doubt, Estimate
from simsec.experiments.answers import Answers
from simsec.experiments.estimates import WORST, Discovered, discovered, gains, measures, swings
from simsec.experiments.sensitivity import LEAST, elementary_effects, sobol_indices
from simsec.experiments.store import COPY
from simsec.locale import NOTHING, Texts
from simsec.report.page import data_uri, environment
from simsec.report.style import capital, png
from simsec.report.sweep_figures import index_bars, scatter, tornado, written
from simsec.report.sweep_grid import grid_figures, shifted
from simsec.report.sweep_seen import FAMILY, Seen, gain_lines, numeric, told_at, varied
from simsec.report.wording import plan_name
from simsec.results.run_folder import citation

Floats = NDArray[np.float64]
MOST_ROWS = 60


@dataclass(frozen=True)
class SweepTable:
    """A table of the page; ``words`` are the columns that hold words."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...]


def sweep_page(answers: Answers, texts: Texts, names: Mapping[str, str] | None = None) -> str:
    """The page of a sweep as HTML, figures inside.

    Args:
        answers: an open sweep that kept the weighted minutes of the police family.
        texts: the language.
        names: of factors that the experiment gives none, as people read them.
    """
    plans = answers.plans
    seen = Seen(
        answers,
        answers.table("select * from points order by cell").to_pydict(),
        measures(answers, FAMILY),
        gains(answers, plans[0], plans[1], FAMILY) if len(plans) > 1 else {},
        texts,
        names or {},
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
        "random": texts.t("sweep.random_labels") if _random_labels(identity) else "",
        "doubt": texts.t("sweep.few") if any(e.doubt is Doubt.FEW for e in seen.by_plan.values()) else "",
        "figures": {name: data_uri(png(figure)) for name, figure in figures.items()},
        "tables": [_factor_table(seen), *_cell_tables(seen)],
        "cite": citation(identity["scenarios"][0].split()[1], (identity["seed"],)),
    }
    return environment().get_template("sweep.html.j2").render(context)


def _random_labels(identity: Mapping[str, Any]) -> bool:
    """Whether labels of stations were drawn at random: then they say nothing about any place."""
    paths = [name for entry in identity["factors"] for case in (entry["cases"] or {}).values() for name in case]
    return any(path.startswith("labels.") for path in [*paths, *(entry["path"] for entry in identity["factors"])])


def _title(answers: Answers, texts: Texts) -> str:
    path = answers.folder / COPY
    titled = tomllib.loads(path.read_text(encoding="utf-8")).get("title", {}) if path.exists() else {}
    return str(titled.get(texts.language, answers.manifest["experiment"]))


def _looked_at(seen: Seen) -> tuple[dict[str, Figure], list[str]]:
    """Figures and sentences that fit the design."""
    match seen.kind:
        case "grid":
            return grid_figures(seen)
        case "one_at_a_time":
            return _one_at_a_time(seen)
        case "morris" | "saltelli":
            return _indices(seen)
        case _:
            return _scattered(seen)


def _one_at_a_time(seen: Seen) -> tuple[dict[str, Figure], list[str]]:
    if not seen.gain or 0 not in seen.gain:
        return {}, []
    texts, plans = seen.texts, seen.plans
    found = swings(seen.answers, plans[0], plans[1], FAMILY)
    found = [replace(swing, factor=seen.name(swing.factor)) for swing in found]
    changing = [swing.factor for swing in found if swing.changes]
    lines = [_decision(seen, seen.gain[0])]
    if changing:
        lines.append(texts.t("sweep.changing", factors=texts.joined(changing), count=len(found)))
    else:
        lines.append(texts.t("sweep.none_changes", count=len(found)))
    return {"tornado": tornado(found, seen.gain[0], plan_name(plans[1], texts), texts)}, lines


def _decision(seen: Seen, gain: Estimate) -> str:
    """Which plan one would take with every figure at its most likely value, and by how much."""
    key = "second" if gain.low > 0 else "first" if gain.high < 0 else "neither"
    first, second = (plan_name(plan, seen.texts) for plan in seen.plans[:2])
    shown = seen.texts.interval(gain, 1, sign=True)
    return seen.texts.t(f"sweep.decision.{key}", first=first, second=second, gain=shown)


def _indices(seen: Seen) -> tuple[dict[str, Figure], list[str]]:
    """Morris or Sobol indices of the minutes under the first plan, and of the gain where there are two."""
    figures, lines = _index_figure(seen, seen.values(seen.plans[0]), "measure")
    lines = [*gain_lines(seen), *lines]
    if seen.gain:
        more, said = _index_figure(seen, {cell: e.mean for cell, e in seen.gain.items()}, "gain")
        figures, lines = figures | more, [*lines, *said]
    return figures, lines


def _index_figure(seen: Seen, found: Mapping[int, float], of: str) -> tuple[dict[str, Figure], list[str]]:
    """Indices of the ``measure`` or the ``gain`` at every cell, and the factor that counts most."""
    texts, factors, u = seen.texts, seen.answers.factors, seen.answers.unit_points()
    names = [seen.name(factor) for factor in factors]
    values = np.array([found.get(cell, np.nan) for cell in range(len(u))])
    title = texts.t(f"sweep.index.{of}", plan=plan_name(seen.plans[1 if of == "gain" else 0], texts))
    told = texts.t(f"sweep.index.of_{of}", plan=plan_name(seen.plans[1 if of == "gain" else 0], texts))
    if seen.kind == "morris":
        if np.isfinite(values.reshape(-1, len(factors) + 1)).all(axis=1).sum() < LEAST:
            return {}, []
        effects = elementary_effects(u, values)
        first = int(effects.size.value.argmax())
        size = texts.figure(effects.size.value[first])
        bars = {texts.t("sweep.index.effect"): effects.size}
        figure = index_bars(names, bars, title, texts.t("sweep.index.effect"), texts)
        return {f"morris {of}": figure}, [texts.t("sweep.strongest", factor=names[first], size=size, what=told)]
    if np.isfinite(values.reshape(len(factors) + 2, -1)).all(axis=0).sum() < LEAST:
        return {}, []
    shares = sobol_indices(values, len(factors))
    first = int(shares.total.value.argmax())
    total = texts.percent(min(float(shares.total.value[first]), 1.0))  # few samples may estimate more than all of it
    bars = {texts.t("sweep.index.first"): shares.first, texts.t("sweep.index.total"): shares.total}
    figure = index_bars(names, bars, title, texts.t("sweep.index.share"), texts)
    return {f"sobol {of}": figure}, [texts.t("sweep.largest_share", factor=names[first], share=total, what=told)]


def _scattered(seen: Seen) -> tuple[dict[str, Figure], list[str]]:
    """Every point against each factor: the gain of two plans, else the minutes; and where a plan fails."""
    texts = seen.texts
    factors = [name for name in seen.answers.factors if numeric(seen.points[name])]
    found = {cell: e.mean for cell, e in seen.gain.items()} or seen.values(seen.plans[0])
    cells = sorted(cell for cell, value in found.items() if np.isfinite(value))
    if not factors or not cells:
        return {}, _failing(seen)
    columns = {seen.name(name): [float(seen.points[name][cell]) for cell in cells] for name in factors}
    limit = 0.0 if seen.gain else float(np.quantile([found[cell] for cell in cells], WORST))
    plan = plan_name(seen.plans[1 if seen.gain else 0], texts)
    key = "gain" if seen.gain else "measure"
    words = (texts.t(f"sweep.index.{key}", plan=plan), texts.t(f"sweep.scatter.{key}"), texts.t(f"sweep.{key}"))
    heights = np.array([found[cell] for cell in cells])
    figure = scatter(columns, heights, heights < limit if seen.gain else heights > limit, words, texts)
    return {"scatter": figure}, _failing(seen)


def _failing(seen: Seen) -> list[str]:
    """The box in which the second plan loses; where it never or always does, in which the measure is worst."""
    texts = seen.texts
    lines = gain_lines(seen)
    gain = {cell: estimate.mean for cell, estimate in seen.gain.items()}
    box = discovered(seen.answers, gain) if gain else None
    if box is not None:
        key = "sweep.box_loses" if box.box.limited.any() else "sweep.loses_anywhere"
        lines.append(_box_line(seen, box, key, seen.plans[1]))
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
        name = seen.name(found.factors[number])
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
        rows.append((seen.name(name), shown))
    return SweepTable(t("sweep.factors"), (t("sweep.factor"), t("sweep.values")), tuple(rows), (0, 1))


def _cell_tables(seen: Seen) -> list[SweepTable]:
    """Measure and gain at every cell, as long as people would read them."""
    t, texts, factors = seen.texts.t, seen.texts, varied(seen)
    cells, changes = range(len(seen.points["cell"])), shifted(seen)
    if len(cells) > MOST_ROWS or len(factors) > 4 or seen.kind not in ("grid", "one_at_a_time"):
        return []
    several = len(set(seen.points["scenario"])) > 1
    head = [*([t("sweep.scenario")] if several else []), *map(seen.name, factors)]
    head += [plan_name(plan, texts) for plan in seen.plans]
    head += [t("sweep.gain")] if seen.gain else []
    head += [t("sweep.shift", base=told_at(seen, factors[:1], [seen.points[factors[0]][0]]))] if changes else []
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
        if changes:
            row.append(texts.interval(changes[cell], 1, sign=True) if cell in changes else NOTHING)
        rows.append(tuple(row))
    words = tuple(range(len(factors) + several))
    return [SweepTable(capital(t("sweep.measure")), tuple(head), tuple(rows), words)]
