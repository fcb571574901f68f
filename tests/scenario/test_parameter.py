"""Laws of graded figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simsec.scenario.parameter import Parameter, triangular, triangular_mean

FIGURES = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3).map(sorted).filter(lambda f: f[2] - f[0] > 1e-6)


def figure(low: float, mode: float, high: float, grade: str = "C") -> Parameter:
    return Parameter.model_validate({"low": low, "mode": mode, "high": high, "grade": grade, "source": "test"})


@given(FIGURES, st.lists(st.floats(0, 1), min_size=2, max_size=9).map(sorted))
def test_quantiles_rise_within_the_range(values: list[float], u: list[float]) -> None:
    quantiles = figure(*values).quantile(np.array(u))
    tolerance = 1e-9 * (1 + abs(values[0]) + abs(values[2]))
    assert (np.diff(quantiles) >= -tolerance).all()
    assert values[0] - tolerance <= quantiles[0] <= quantiles[-1] <= values[2] + tolerance


@given(FIGURES)
def test_the_mean_of_the_quantiles_is_the_mean(values: list[float]) -> None:
    u = (np.arange(20000) + 0.5) / 20000
    width = values[2] - values[0]
    assert np.mean(triangular(u, *values)) == pytest.approx(triangular_mean(figure(*values)), abs=1e-3 * width)


def test_a_figure_without_a_range_is_certain() -> None:
    fixed = Parameter.model_validate({"value": 7, "grade": "C", "source": "test"})
    assert (fixed.low, fixed.high, fixed.uncertain) == (7.0, 7.0, False)
    assert fixed.quantile(np.array([0.0, 0.4, 1.0])).tolist() == [7.0, 7.0, 7.0]


@pytest.mark.parametrize(("grade", "varies"), [("A", False), ("B", False), ("C", True), ("D", True)])
def test_the_worlds_vary_c_and_d_only(grade: str, varies: bool) -> None:
    assert figure(1, 2, 3, grade).uncertain is varies


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 2, "mode": 1, "high": 3, "grade": "A", "source": "test"},
        {"low": 1, "mode": 4, "high": 3, "grade": "A", "source": "test"},
        {"value": 1, "grade": "D", "source": "test"},
        {"value": 1, "grade": "E", "source": "test"},
        {"value": 1, "grade": "A", "source": ""},
        {"value": 1, "grade": "A"},
        {"value": float("nan"), "grade": "A", "source": "test"},
        {"value": 1, "grade": "A", "source": "test", "unit": "km"},
    ],
)
def test_an_ungraded_or_disordered_figure_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Parameter.model_validate(wrong)
