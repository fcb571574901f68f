"""A graded figure: low, mode, high, the grade of its source and the source itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Grade = Literal["A", "B", "C", "D"]


class Strict(BaseModel):
    """Base of every table in ``scenario.toml``: unknown keys are errors, nothing changes after reading.

    Example:
        >>> Strict.model_config["frozen"]
        True
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Parameter(Strict):
    """A figure with its range and grade (A official, B one outlet, C derived, D assumption).

    Written in TOML as ``{ low = 1.4, mode = 1.65, high = 1.9, grade = "C", source = "..." }`` or, for a figure
    without a range, ``{ value = 575, grade = "A", source = "..." }``. A grade D figure must have a range.

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

    @model_validator(mode="before")
    @classmethod
    def _value_is_all_three(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "value" in data:
            rest = {key: item for key, item in data.items() if key != "value"}
            return {"low": data["value"], "mode": data["value"], "high": data["value"], **rest}
        return data

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.mode <= self.high:
            raise ValueError("low <= mode <= high must hold")
        if self.grade == "D" and self.low == self.high:
            raise ValueError("a grade D figure is an assumption and needs a range")
        return self

    @property
    def uncertain(self) -> bool:
        """Whether the assumption worlds vary this figure: grade C or D, with a range."""
        return self.grade in ("C", "D") and self.low < self.high

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Quantiles of the triangular distribution (low, mode, high).

        Args:
            u: uniforms in [0, 1], any shape.
        """
        return triangular(u, self.low, self.mode, self.high)


def triangular(u: NDArray[np.float64], low: float, mode: float, high: float) -> NDArray[np.float64]:
    """Inverse distribution function of the triangular distribution (Law 2015, Simulation Modeling and Analysis, 8.3).

    Example:
        >>> triangular(np.array([0.0, 0.5, 1.0]), 0.0, 1.0, 2.0).tolist()
        [0.0, 1.0, 2.0]
    """
    width = high - low
    if width <= 0:
        return np.full(np.shape(u), mode)
    cut = (mode - low) / width
    rising = low + np.sqrt(u * (width * (mode - low)))
    falling = high - np.sqrt((1 - u) * (width * (high - mode)))
    return np.asarray(np.where(u < cut, rising, falling), dtype=np.float64)


def triangular_mean(parameter: Parameter) -> float:
    """Mean of the triangular distribution of a parameter.

    Example:
        >>> triangular_mean(Parameter(low=1, mode=2, high=6, grade="D", source="assumption"))
        3.0
    """
    return math.fsum((parameter.low, parameter.mode, parameter.high)) / 3


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
