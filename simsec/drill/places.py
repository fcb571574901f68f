"""Places as a script names them: anonymous ones, drawn with the day, or exact ones by their code.

``any:A:3`` is the third station drawn in sub-district A, which is itself drawn: so a script that is shown around calls
no real place dangerous, and another seed plays it elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simsec.base.errors import say
from simsec.day.streams import stream, text_keys, uniforms
from simsec.geography.ground import post_node
from simsec.locale import Texts
from simsec.scenario.places import POST_TYPES
from simsec.scenario.reading import Scenario

NONE = -1
FORMS = (
    ("any:A:3", "third station drawn in sub-district A, which is itself drawn; its own code may stand for the letter"),
    ("village:A:2", "second village drawn in sub-district A"),
    ("polres", "the only post of a type"),
    ("polsek:A", "the first post of a type in sub-district A; puskesmas:A:2 the second"),
    ("code:33.22.01.2001", "a station, village or post by its code"),
)
"""What a reference may look like, and what it means."""


class Draw(NamedTuple):
    """What anonymous places are drawn from: a scenario and the day's seed and replication."""

    scenario: Scenario
    seed: int
    replication: int


class Spot(NamedTuple):
    """A place on the board; ``station`` and ``post`` are -1 where it is none."""

    node: int
    station: int = NONE
    post: int = NONE


class NoPlaceError(ValueError):
    """The reference names no place; the message says what would."""


def letters(number: int) -> str:
    """A, B, ... Z, AA, AB, ...

    Example:
        >>> letters(0), letters(25), letters(26)
        ('A', 'Z', 'AA')
    """
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def _shuffled(draw: Draw, mark: str, codes: Sequence[str]) -> list[int]:
    """Numbers of the codes in an order drawn from the day and the codes themselves."""
    lot = uniforms(stream(draw.seed, draw.replication, f"drill/{mark}"), text_keys(codes), 0)
    return [int(place) for place in np.argsort(lot, kind="stable")]


@lru_cache(maxsize=64)
def _sectors(draw: Draw) -> tuple[int, ...]:
    """Sub-districts with stations in the order A, B, C."""
    villages = draw.scenario.villages
    staffed = set(draw.scenario.stations.subdistrict.tolist())
    return tuple(sector for sector in _shuffled(draw, "subdistrict", villages.subdistrict_codes) if sector in staffed)


def _sector(draw: Draw, name: str) -> int:
    codes = draw.scenario.villages.subdistrict_codes
    if name in codes:
        return codes.index(name)
    order = _sectors(draw)
    for place, sector in enumerate(order):
        if letters(place) == name:
            return sector
    raise NoPlaceError(
        say("no sub-district {name!r}; they run from A to {last}", name=name, last=letters(len(order) - 1))
    )


def _nth(found: Sequence[int], number: str, what: str) -> int:
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= len(found):
        raise NoPlaceError(
            say("no {what} {n!r} there; they run from 1 to {last}", what=what, n=number, last=len(found))
        )
    return found[int(number) - 1]


def _post(draw: Draw, parts: list[str]) -> Spot:
    posts, kind = draw.scenario.posts, parts[0]
    found = list(posts.of_type(kind))
    if len(parts) > 1:
        sector = _sector(draw, parts[1])
        found = [post for post in found if int(posts.subdistrict[post]) == sector]
    if len(parts) == 1 and len(found) != 1:
        n = len(found)
        what = say("there are {n} posts of type {type}; write {type}:A for that of a sub-district", n=n, type=kind)
        raise NoPlaceError(what)
    post = _nth(found, parts[2] if len(parts) == 3 else "1", kind)
    return Spot(post_node(draw.scenario, post), post=post)


def _exact(scenario: Scenario, code: str) -> Spot:
    if code in scenario.stations.code:
        station = scenario.stations.code.index(code)
        return Spot(int(scenario.stations.village[station]), station=station)
    if code in scenario.posts.code:
        post = scenario.posts.code.index(code)
        return Spot(post_node(scenario, post), post=post)
    if code in scenario.villages.code:
        return Spot(scenario.villages.code.index(code))
    raise NoPlaceError(say("no station, post or village has the code {code!r}", code=code))


@lru_cache(maxsize=4096)
def find(draw: Draw, reference: str) -> Spot:
    """The place a reference names.

    Raises:
        NoPlaceError: it names none.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> draw = Draw(read_scenario("scenarios/kabupaten-semarang"), 1, 0)
        >>> find(draw, "any:A:1").station >= 0, find(draw, "polres").post >= 0
        (True, True)
    """
    scenario = draw.scenario
    head, _, rest = reference.partition(":")
    if head == "code":
        return _exact(scenario, rest)
    parts = reference.split(":")
    if head == "any" and len(parts) == 3:
        sector = _sector(draw, parts[1])
        members = np.flatnonzero(scenario.stations.subdistrict == sector).tolist()
        order = _shuffled(draw, "station", [scenario.stations.code[member] for member in members])
        station = _nth([members[place] for place in order], parts[2], "station")
        return Spot(int(scenario.stations.village[station]), station=station)
    if head == "village" and len(parts) == 3:
        sector = _sector(draw, parts[1])
        members = sorted(set(scenario.stations.village[scenario.stations.subdistrict == sector].tolist()))
        order = _shuffled(draw, "village", [scenario.villages.code[member] for member in members])
        return Spot(_nth([members[place] for place in order], parts[2], "village"))
    if head in POST_TYPES and len(parts) <= 3:
        return _post(draw, parts)
    raise NoPlaceError(
        say("write any:A:1, village:A:1, a type of post such as polres or polsek:A, or code: and a code")
    )


def label(draw: Draw, reference: str, texts: Texts) -> str:
    """The place as people read it; an anonymous one keeps its letter.

    Example:
        >>> from simsec.locale import texts
        >>> from simsec.scenario import read_scenario
        >>> label(Draw(read_scenario("scenarios/kabupaten-semarang"), 1, 0), "any:B:2", texts("en"))
        'station 2 of sub-district B'
    """
    scenario, parts, t = draw.scenario, reference.split(":"), texts.t
    if parts[0] == "code":
        spot = _exact(scenario, reference.partition(":")[2])
        if spot.station >= 0:
            return scenario.stations.name[spot.station]
        return scenario.posts.name[spot.post] if spot.post >= 0 else scenario.villages.name[spot.node]
    codes = scenario.villages.subdistrict_codes
    sector = parts[1] if len(parts) > 1 else ""
    sector = scenario.villages.subdistrict_names[codes.index(sector)] if sector in codes else sector
    if parts[0] == "any":
        return t("drill.place.station", n=parts[2], sector=sector)
    if parts[0] == "village":
        return t("drill.place.village", n=parts[2], sector=sector)
    post = t(f"post_type.{parts[0]}")
    if len(parts) == 1:
        return post
    return t("drill.place.post", post=post if len(parts) == 2 else f"{post} {parts[2]}", sector=sector)
