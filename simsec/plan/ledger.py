"""The strength ledger: who is announced, who is bound elsewhere, who is left for pairs and patrols."""

from __future__ import annotations

from dataclasses import dataclass

from simsec.scenario.reading import Scenario
from simsec.scenario.schema import Reading

READINGS: tuple[Reading, ...] = ("reserve_on_top", "reserve_inside", "everything_inside")
PAIR_PERSONS = 2


@dataclass(frozen=True)
class Line:
    """A row of the ledger: officers of one duty, and whether they come out of the announced strength."""

    duty: str
    officers: int
    inside: bool


@dataclass(frozen=True)
class Ledger:
    """The announced strength under one reading.

    Attributes:
        reading: how the announcement is read.
        announced: police deployed, as announced.
        lines: fixed duties, Polsek minimum and reserve.
        free: officers left for guard pairs and for patrols beyond the Polsek minimum; below 0, so many are missing.
        reserve_squads: whole squads of the announced reserve.
    """

    reading: Reading
    announced: int
    lines: tuple[Line, ...]
    free: int
    reserve_squads: int

    @property
    def pairs(self) -> int:
        """Whole pairs the free officers make."""
        return max(self.free, 0) // PAIR_PERSONS


def ledger_of(scenario: Scenario, reading: Reading | None = None) -> Ledger:
    """The ledger of a scenario.

    Args:
        scenario: what is known.
        reading: ``reserve_on_top`` (reserve, fixed duties and Polsek minimum come from others), ``reserve_inside``
            (the reserve comes out of the announced police) or ``everything_inside``; the scenario's own by default.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> scenario = read_scenario("scenarios/kabupaten-semarang")
        >>> [ledger_of(scenario, reading).pairs for reading in READINGS]
        [287, 237, 150]
    """
    forces = scenario.settings.forces
    reading = reading or forces.reading
    sectors = len(scenario.villages.subdistrict_codes)
    duties = forces.ledger
    fixed = {
        "kpu_office": round(duties.kpu_office.mode),
        "bawaslu_office": round(duties.bawaslu_office.mode),
        "logistics_store": round(duties.logistics_store.mode),
        "district_committee": round(duties.district_committee.mode) * sectors,
        "command_post": round(duties.command_post.mode),
        "traffic_points": round(duties.traffic_points.mode),
        "polsek_minimum": duties.polsek_minimum * sectors,
    }
    reserve = round(forces.reserve.mode)
    lines = [Line(duty, officers, reading == "everything_inside") for duty, officers in fixed.items()]
    lines.append(Line("reserve", reserve, reading != "reserve_on_top"))
    announced = round(forces.police.mode)
    free = announced - sum(line.officers for line in lines if line.inside)
    return Ledger(reading, announced, tuple(lines), free, reserve // forces.squad_persons)
