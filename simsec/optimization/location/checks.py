"""Whether what a location model is given can be used: every problem is collected, none is passed to a solver."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simsec.base.errors import InputError, Problem, say
from simsec.optimization.location.answer import Stand

_NAMED = 10  # of many demands with the same trouble, as many are named


def _wrong(name: str, what: str, value: object, bound: str) -> Problem:
    return Problem(name, what, value=str(value), bound=bound)


def check_whole(name: str, value: int, problems: list[Problem]) -> bool:
    """Whether a count is a whole number from 1."""
    if isinstance(value, int | np.integer) and value >= 1:
        return True
    problems.append(_wrong(name, "not a count to work with", value, "a whole number, 1 or more"))
    return False


def checked_cost(cost: ArrayLike, problems: list[Problem]) -> NDArray[np.float64]:
    """Costs as numbers, shape (I, J); infinite where a site cannot serve a demand."""
    prices = np.asarray(cost, np.float64)
    if prices.ndim != 2 or 0 in prices.shape:  # nothing else can be checked against it
        raise InputError([_wrong("cost", "not a table of demands by sites", prices.shape, "shape (I, J)")])
    usable = prices >= 0  # NaN is not
    if not usable.all():
        i, j = np.argwhere(~usable)[0].tolist()
        template = "{n} of them cannot be used, the first from demand {demand} to site {site}"
        what = say(template, n=np.count_nonzero(~usable), demand=i, site=j)
        problems.append(_wrong("cost", what, prices[i, j], "0 or more; infinite where a site cannot serve"))
    return prices


def checked_weight(
    weight: ArrayLike | None, n_demands: int, problems: list[Problem], name: str = "weight"
) -> NDArray[np.float64]:
    """One finite number per demand, shape (I,), 1 by default; ``name`` is what the caller calls them."""
    weights = np.ones(n_demands) if weight is None else np.asarray(weight, np.float64)
    if weights.shape != (n_demands,):
        bound = say("shape {shape}", shape=(n_demands,))
        problems.append(_wrong(name, "not one for each demand", weights.shape, bound))
        return np.ones(n_demands)
    if not (good := np.isfinite(weights) & (weights >= 0)).all():
        i = int(np.argmin(good))
        what = say("demand {demand} cannot weigh this", demand=i)
        problems.append(_wrong(name, what, weights[i], "finite, 0 or more"))
    return weights


def checked_escape(escape: ArrayLike | None, n_demands: int, problems: list[Problem]) -> NDArray[np.float64] | None:
    """The price of being served by no site, shape (I,), or None."""
    if escape is None:
        return None
    escapes = np.asarray(escape, np.float64)
    if escapes.shape not in ((), (n_demands,)):
        bound = say("shape () or ({demands},)", demands=n_demands)
        problems.append(_wrong("escape", "not one for each demand", escapes.shape, bound))
        return None
    if not np.all(np.isfinite(escapes) & (escapes >= 0)):
        problems.append(_wrong("escape", "not a price", escapes.min(), "finite, 0 or more"))
    return np.broadcast_to(escapes, (n_demands,))


def check_radius(radius: float, problems: list[Problem]) -> None:
    """A cost within which a demand is covered."""
    if not 0 <= radius < np.inf:
        problems.append(_wrong("radius", "not a cost to cover within", radius, "finite, 0 or more"))


def check_busy(busy: float, problems: list[Problem]) -> None:
    """A probability below one."""
    if not 0.0 <= busy < 1.0:
        problems.append(_wrong("busy", "not a busy probability", busy, "0 <= busy < 1"))


def checked_capacity(capacity: ArrayLike, n_sites: int, problems: list[Problem]) -> NDArray[np.float64]:
    """What each site can hold, shape (J,); infinite for no limit."""
    most = np.asarray(capacity, np.float64)
    if most.shape != (n_sites,):
        problems.append(_wrong("capacity", "not one for each site", most.shape, say("shape {shape}", shape=(n_sites,))))
        return np.full(n_sites, np.inf)
    if not (good := most >= 0).all():
        j = int(np.argmin(good))
        problems.append(_wrong("capacity", say("site {site} cannot hold this", site=j), most[j], "0 or more"))
    return most


def checked_room(room: ArrayLike | None, n_sites: int, units: int, problems: list[Problem]) -> NDArray[np.int64]:
    """How many units fit at each site, shape (J,); all of them by default."""
    if room is not None:
        rooms = np.asarray(room)
        if rooms.shape == (n_sites,) and np.issubdtype(rooms.dtype, np.integer) and rooms.min() >= 0:
            return rooms.astype(np.int64)
        bound = say("{n} whole numbers, 0 or more", n=n_sites)
        problems.append(_wrong("room", "not one for each site", room, bound))
    return np.full(n_sites, units, np.int64)


def checked_limits(
    room: NDArray[np.int64], fixed_open: Sequence[int], fixed_closed: Sequence[int], problems: list[Problem]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The least and the most units at each site, shape (J,) each."""
    least, most = np.zeros(len(room), np.int64), room.copy()
    for option, sites, limit, units_there in (
        ("fixed_open", fixed_open, least, 1),
        ("fixed_closed", fixed_closed, most, 0),
    ):
        unknown = [j for j in sites if not 0 <= j < len(room)]
        if unknown:
            bound = say("{low} to {high}", low=0, high=len(room) - 1)
            problems.append(_wrong(option, "no such sites", unknown, bound))
        else:
            limit[list(sites)] = units_there
    if (least > most).any():
        shut = np.flatnonzero(least > most).tolist()
        problems.append(_wrong("fixed_open", "sites that are closed or have no room", shut, "sites with room"))
    return least, most


def checked_stand(
    name: str,
    units: int,
    room: NDArray[np.int64],
    fixed_open: Sequence[int],
    fixed_closed: Sequence[int],
    problems: list[Problem],
) -> Stand:
    """Where the units may stand; ``name`` is what the caller calls their number."""
    least, most = checked_limits(room, fixed_open, fixed_closed, problems)
    if not check_whole(name, units, problems):
        return Stand(1, least, most)
    if units > most.sum():
        problems.append(_wrong(name, "more than there is room for", units, say("{most} or fewer", most=most.sum())))
    if units < least.sum():
        bound = say("{least} or more", least=least.sum())
        problems.append(_wrong(name, "too few for the sites of fixed_open", units, bound))
    return Stand(int(units), least, np.minimum(most, units))


def listed(demands: NDArray[np.int64]) -> str:
    """Numbers to be read, the first few of them.

    Example:
        >>> listed(np.array([3, 7])), listed(np.arange(40))
        ('3, 7', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 30 more')
    """
    first = ", ".join(str(number) for number in demands[:_NAMED].tolist())
    return first if len(demands) <= _NAMED else say("{first} and {n} more", first=first, n=len(demands) - _NAMED)


def out_of_reach(
    prices: NDArray[np.float64], stand: Stand, asking: NDArray[np.bool_], levels: int = 1
) -> list[Problem]:
    """The demands that no usable site can serve, or too few for their levels; ``asking``, shape (I,): who must be."""
    within = np.isfinite(prices) @ stand.most
    stranded = np.flatnonzero(asking & (within == 0))
    if len(stranded):
        return [Problem("cost", say("no site that may be open can serve demands {demands}", demands=listed(stranded)))]
    short = np.flatnonzero(asking & (within < levels))
    if not len(short):
        return []
    what = say("more than there is room for within reach of demands {demands}", demands=listed(short))
    return [_wrong("levels", what, levels, say("{most} or fewer", most=within[short].min()))]


def not_covered(prices: NDArray[np.float64], radius: float, most: NDArray[np.int64]) -> list[Problem]:
    """The demands that no usable site covers, if there are any, and the radius that would."""
    nearest = np.where(most > 0, prices, np.inf).min(axis=1)
    stranded = np.flatnonzero(nearest > radius)
    if not len(stranded):
        return []
    what = say("no site that may be open covers demands {demands}", demands=listed(stranded))
    enough = nearest.max()
    bound = say("{least} or more", least=float(enough)) if np.isfinite(enough) else ""
    return [Problem("radius", what, value=str(radius), bound=bound)]


def too_few(name: str, units: int, needed: int | None) -> InputError:
    """What to say when the units cannot reach every demand; ``needed``: how many can, where that is known."""
    bound = "" if needed is None else say("{least} or more", least=needed)
    return InputError([_wrong(name, "too few to reach every demand", units, bound)])
