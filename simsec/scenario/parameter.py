"""A graded figure: low, mode, high, the grade of its source and the source itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

Grade = Literal["A", "B", "C", "D"]
Distribution = Literal["triangular", "constant", "exponential", "lognormal", "gamma", "empirical"]
GENERAL = "general"  # context of validation: a bare number is a figure, and grade and source may be left out
GIVEN = {"grade": "C", "source": "given"}
_FIGURES = ("value", "mean", "low", "mode", "high")


class Strict(BaseModel):
    """Base of every table in ``scenario.toml``: unknown keys are errors, nothing changes after reading.

    Example:
        >>> Strict.model_config["frozen"]
        True
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Text(Strict):
    """A label in both languages.

    Example:
        >>> Text(en="flood", id="banjir").of("id")
        'banjir'
    """

    en: str
    id: str

    def of(self, language: str) -> str:
        """The label in ``en`` or ``id``."""
        return self.id if language == "id" else self.en


class Parameter(Strict):
    """A figure with its range and grade (A official, B one outlet, C derived, D assumption).

    Written in TOML as ``{ low = 1.4, mode = 1.65, high = 1.9, grade = "C", source = "..." }`` or, for a figure
    without a range, ``{ value = 575, grade = "A", source = "..." }``. A grade D figure must have a range.

    What is drawn is triangular, unless ``distribution`` says otherwise: ``{ distribution = "exponential", mean = 6 }``.
    Then low, mode and high are the range of the mean (no range where they are not given), and ``mode`` is the mean that
    is drawn with; an assumption world moves it and keeps the shape. ``lognormal`` and ``gamma`` take their ``cv``
    (standard deviation over mean), ``empirical`` its ``values``.

    Example:
        >>> friction = Parameter(low=1.4, mode=1.65, high=1.9, grade="C", source="recorded over routed, Semarang 2023")
        >>> friction.uncertain, float(friction.quantile(np.array([0.0, 1.0]))[1])
        (True, 1.9)
        >>> Parameter.model_validate({"value": 575, "grade": "A", "source": "press, 19 Aug 2024"}).mode
        575.0
    """

    low: float
    mode: float
    high: float
    grade: Grade
    source: Annotated[str, Field(min_length=3)]
    distribution: Distribution = "triangular"
    cv: Annotated[float, Field(gt=0)] | None = None
    values: tuple[Annotated[float, Field(ge=0)], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_figure_is_all_three(cls, data: Any, info: ValidationInfo) -> Any:
        if info.context == GENERAL:
            if isinstance(data, int | float) and not isinstance(data, bool):
                data = {"value": data}
            data = {**GIVEN, **data} if isinstance(data, Mapping) else data
        if not isinstance(data, Mapping):
            return data
        if not all(_is_figure(data[key]) for key in _FIGURES if key in data):
            raise ValueError("a figure must be a finite number, without quotes and with a decimal point")
        rest = {key: item for key, item in data.items() if key not in ("value", "mean")}
        figure = data.get("value", data.get("mean"))
        seen = data.get("values")
        if figure is None and "mode" not in data and seen and all(isinstance(item, int | float) for item in seen):
            figure = math.fsum(seen) / len(seen)
        return rest if figure is None else {"low": figure, "mode": figure, "high": figure, **rest}

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.mode <= self.high:
            raise ValueError("low <= mode <= high must hold")
        if self.grade == "D" and self.low == self.high:
            raise ValueError("a grade D figure is an assumption and needs a range")
        return self

    @model_validator(mode="after")
    def _shaped(self) -> Self:
        if (self.cv is not None) != (self.distribution in ("lognormal", "gamma")):
            raise ValueError("lognormal and gamma need cv, and no other distribution takes it")
        if bool(self.values) != (self.distribution == "empirical"):
            raise ValueError("empirical needs values, and no other distribution takes them")
        if self.distribution == "constant" and self.low != self.high:
            raise ValueError("a constant has no range; leave low and high out")
        if self.distribution in ("exponential", "lognormal", "gamma") and self.low <= 0:
            raise ValueError("the mean of this distribution must be above 0")
        if self.values and not any(self.values):
            raise ValueError("at least one of the values must be above 0")
        return self

    @property
    def uncertain(self) -> bool:
        """Whether the assumption worlds vary this figure: grade C or D, with a range."""
        return self.grade in ("C", "D") and self.low < self.high

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Quantiles of the distribution: of the triangular one (low, mode, high) unless the figure names another.

        Args:
            u: uniforms in [0, 1], in (0, 1) for the unbounded distributions; any shape.

        Example:
            >>> service = Parameter(distribution="exponential", mean=6, grade="C", source="given")
            >>> float(service.quantile(np.array([0.5]))[0])
            4.1588830833596715
        """
        if self.distribution == "triangular":
            return triangular(u, self.low, self.mode, self.high)
        return _QUANTILES[self.distribution](self, np.asarray(u, dtype=np.float64))

    @property
    def expected(self) -> float:
        """Mean of what is drawn.

        Example:
            >>> Parameter(low=1, mode=2, high=6, grade="D", source="assumption").expected
            3.0
        """
        if self.distribution == "triangular":
            return math.fsum((self.low, self.mode, self.high)) / 3
        return self.mode


def _is_figure(item: object) -> bool:
    """A number that is no truth value and neither infinite nor nan: said once, for all three of a figure."""
    return isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item)


def _constant(figure: Parameter, u: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.full(np.shape(u), figure.mode)


def _exponential(figure: Parameter, u: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-figure.mode * np.log1p(-u))


def _lognormal(figure: Parameter, u: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import ndtri

    variance = math.log1p((figure.cv or 0.0) ** 2)
    return np.asarray(figure.mode * np.exp(math.sqrt(variance) * ndtri(u) - variance / 2))


def _gamma(figure: Parameter, u: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import gammaincinv

    shape = 1 / (figure.cv or 1.0) ** 2
    return np.asarray(figure.mode / shape * gammaincinv(shape, u))


def _empirical(figure: Parameter, u: NDArray[np.float64]) -> NDArray[np.float64]:
    seen = np.sort(np.array(figure.values))
    place = np.minimum((u * len(seen)).astype(np.int64), len(seen) - 1)
    return np.asarray(seen[place] * (figure.mode / seen.mean()))


_QUANTILES: dict[str, Callable[[Parameter, NDArray[np.float64]], NDArray[np.float64]]] = {
    "constant": _constant,
    "exponential": _exponential,
    "lognormal": _lognormal,
    "gamma": _gamma,
    "empirical": _empirical,
}


def triangular(u: NDArray[np.float64], low: float, mode: float, high: float) -> NDArray[np.float64]:
    """Inverse distribution function of the triangular distribution (Law 2015, Simulation Modeling and Analysis, 8.3).

    Example:
        >>> triangular(np.array([0.0, 0.5, 1.0]), 0.0, 1.0, 2.0).tolist()
        [0.0, 1.0, 2.0]
    """
    if high <= low:
        return np.full(np.shape(u), mode)
    return _risen(u, low, mode, high)


class Figures:
    """Several figures, the quantiles of which are asked for together: a column each.

    Example:
        >>> step = Parameter(low=1, mode=2, high=6, grade="D", source="assumption")
        >>> u = np.array([[0.1, 0.5, 0.9]])
        >>> found = Figures((step, None, step)).quantile(u)
        >>> bool(found[0, 1] == 0), bool((found[:, 2] == step.quantile(u[:, 2])).all())
        (True, True)
    """

    def __init__(self, figures: Sequence[Parameter | None]) -> None:
        """None stands for a column of zeros."""
        told = [(place, figure) for place, figure in enumerate(figures) if figure is not None]
        even = [(at, one) for at, one in told if one.distribution == "triangular" and one.low < one.high]
        self._place = np.array([place for place, _ in even], dtype=np.int64)
        self._low, self._mode, self._high = (
            np.array([getattr(figure, name) for _, figure in even], dtype=np.float64)
            for name in ("low", "mode", "high")
        )
        self._others = [(place, figure) for place, figure in told if place not in self._place]

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """As :meth:`Parameter.quantile`, column by column; shape (n, figures)."""
        found = np.zeros(u.shape)
        found[:, self._place] = _risen(u[:, self._place], self._low, self._mode, self._high)
        for place, figure in self._others:
            found[:, place] = figure.quantile(u[:, place])
        return found


def _risen(u: NDArray[np.float64], low: Any, mode: Any, high: Any) -> NDArray[np.float64]:
    """Quantiles of triangular distributions; ``high`` lies above ``low``."""
    width = high - low
    cut = (mode - low) / width
    rising = low + np.sqrt(u * (width * (mode - low)))
    falling = high - np.sqrt((1 - u) * (width * (high - mode)))
    return np.asarray(np.where(u < cut, rising, falling), dtype=np.float64)


def triangular_mean(parameter: Parameter) -> float:
    """Mean of what a figure draws; the older name of :attr:`Parameter.expected`.

    Example:
        >>> triangular_mean(Parameter(low=1, mode=2, high=6, grade="D", source="assumption"))
        3.0
    """
    return parameter.expected


def walk_parameters(model: BaseModel, path: str = "") -> Iterator[tuple[str, Parameter]]:
    """Every parameter below a model with its dotted path, in the order of the fields.

    Example:
        >>> class Demo(Strict):
        ...     friction: Parameter
        >>> demo = Demo(friction=Parameter(low=1, mode=2, high=3, grade="D", source="assumption"))
        >>> [path for path, _ in walk_parameters(demo)]
        ['friction']
    """
    for name in type(model).model_fields:
        yield from _walk(getattr(model, name), f"{path}.{name}" if path else name)


def _walk(value: object, path: str) -> Iterator[tuple[str, Parameter]]:
    if isinstance(value, Parameter):
        yield path, value
    elif isinstance(value, BaseModel):
        yield from walk_parameters(value, path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}")
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _walk(item, f"{path}.{getattr(item, 'name', number)}")
