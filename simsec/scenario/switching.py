"""Steps that are switched off: taken out of the ladders at reading, put back where settings are written out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simsec.base.errors import say

if TYPE_CHECKING:
    from simsec.scenario.schema import Ladder


def without(ladder: Ladder, off: set[str]) -> Ladder:
    """A ladder without the steps of some unit kinds; its levels enter at the same steps, or at the next ones.

    Args:
        ladder: as written.
        off: unit kinds that nobody asks.

    Raises:
        ValueError: nobody would be left at its end.
    """
    kept = tuple(step for step in ladder.steps if step.unit not in off)
    if len(kept) == len(ladder.steps):
        return ladder
    if not kept or kept[-1].permission:
        raise ValueError(say("every team at the end of ladder {name} is switched off", name=ladder.name))
    enter = {
        level: min(sum(step.unit not in off for step in ladder.steps[:place]), len(kept) - 1)
        for level, place in ladder.enter.items()
    }
    return ladder.model_copy(update={"steps": kept, "enter": enter})


def put_back(data: dict[str, Any], kept: Sequence[Ladder], written: Mapping[int, Ladder]) -> dict[str, Any]:
    """A dump of settings, perhaps with values set since, with the steps that are switched off in their places.

    Args:
        data: from ``model_dump()``.
        kept: the ladders of those settings.
        written: number of a ladder -> the same ladder as written, where steps of it are switched off.
    """
    for number, ladder in written.items():
        row, left = data["ladders"][number], kept[number]
        steps = iter(row["steps"])
        row["steps"] = [next(steps) if step in left.steps else step.model_dump() for step in ladder.steps]
        places = [place for place, step in enumerate(ladder.steps) if step in left.steps]
        row["enter"] = {
            level: ladder.enter[level] if place == left.enter[level] else places[place]
            for level, place in row["enter"].items()
        }
    return data
