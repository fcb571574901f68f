import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simsec.geography import great_circle_km, local_km, plane_to_degrees

ORIGIN = (-7.2, 110.45)
near = st.tuples(st.floats(-7.7, -6.7), st.floats(109.95, 110.95))


@given(near, near)
def test_the_plane_agrees_with_the_great_circle_over_a_regency(a: tuple[float, float], b: tuple[float, float]) -> None:
    xy = local_km([a[0], b[0]], [a[1], b[1]], ORIGIN)
    true_km = great_circle_km(*a, *b)
    assert abs(np.linalg.norm(xy[0] - xy[1]) - true_km) <= 0.0015 * true_km + 1e-6


@given(near)
def test_the_plane_can_be_left_again(point: tuple[float, float]) -> None:
    back = plane_to_degrees(local_km([point[0]], [point[1]], ORIGIN), ORIGIN)
    np.testing.assert_allclose(back, [[point[1], point[0]]], atol=1e-12)


def test_north_is_up_and_east_is_right() -> None:
    assert (local_km([-7.1], [110.5], ORIGIN) > 0).all()


def test_great_circles_are_symmetric_and_go_round_the_back_of_the_earth() -> None:
    assert great_circle_km(-7, 110, 6, 95) == great_circle_km(6, 95, -7, 110)
    assert great_circle_km(0, 179.5, 0, -179.5) < 112
    assert great_circle_km(-7.1, 110.4, -7.1, 110.4) == 0
