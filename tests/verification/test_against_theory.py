"""The engine against textbook models: every exact value lies in its interval, and the intervals are worth something."""

import pytest

from tests.verification.cases import CASES, patrols
from tests.verification.exact import cobham, erlang_b, erlang_c, hypercube, pollaczek_khinchine
from tests.verification.systems import Row

NARROW = 0.08  # half the width of the narrowest interval of a case, over its value: what the case would notice


def judged(rows: list[Row]) -> None:
    wrong = [f"{r.name}: exact {r.exact:.5g}, simulated {r.simulated:.5g} ({r.low:.5g} to {r.high:.5g})" for r in rows]
    assert not [line for line, row in zip(wrong, rows, strict=True) if not row.agrees]
    widths = [(row.high - row.low) / 2 / row.exact for row in rows if row.exact]
    assert min(widths) < NARROW


@pytest.mark.parametrize("name", [name for name in CASES if name != "Hypercube"])
def test_a_textbook_queue(name: str) -> None:
    judged(CASES[name]())


@pytest.mark.parametrize("waits", [False, True], ids=["loss", "line"])
@pytest.mark.parametrize("n", range(1, 9))
def test_the_hypercube_model(n: int, waits: bool) -> None:
    rows = patrols(n, waits)
    assert not [row for row in rows if not row.agrees]


def test_the_interval_would_notice_a_wrong_value() -> None:
    rows = patrols(3, False)
    lost = next(row for row in rows if row.name.endswith("lost"))
    assert not Row("", lost.exact * 1.2, lost.simulated, lost.low, lost.high, lost.n).agrees


def test_the_exact_solutions_agree_where_they_meet() -> None:
    assert erlang_b(2, 1.0) == pytest.approx(0.2) and erlang_c(1, 0.7) == pytest.approx(0.7)
    assert pollaczek_khinchine(0.1, 6, 1.0) == pytest.approx(erlang_c(1, 0.6) / (0.4 / 6))
    assert cobham([(0.1, 6, 1.0)]) == pytest.approx([pollaczek_khinchine(0.1, 6, 1.0)])
    # One common list makes the hypercube an Erlang system, whoever is asked first.
    for waits, exact in ((False, erlang_b(4, 2.5)), (True, erlang_c(4, 2.5))):
        assert hypercube([2.5 / 30], 30, [[2, 0, 3, 1]], waits).full == pytest.approx(exact)
    cube = hypercube([0.05, 0.02], 30, [[0, 1], [1, 0]], False)
    assert cube.dispatch.sum() == pytest.approx(1) and cube.state.sum() == pytest.approx(1)
    # What the units do is what comes in and is not lost.
    assert cube.workload.sum() == pytest.approx(30 * 0.07 * (1 - cube.full))
