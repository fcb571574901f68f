"""Who sits at the table: agencies, what comes up with an incident, the calendar of the operation, the three pillars.

Nothing here moves a unit. Who acts, who decides and who is informed follows from the ladders and from these tables; a
common list of agencies and matters is packaged (``templates/agencies.toml``), and a scenario says only what differs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from simsec.scenario.parameter import Parameter, Strict, Text

if TYPE_CHECKING:
    from simsec.scenario.schema import Incident, Settings

ClockName = Literal["starts", "voting_opens", "voting_closes", "counting_ends", "ends"]
Place = Literal["station", "village", "subdistrict", "regency"]
Answer = Literal["security", "medical", "logistics", "hazard", "none"]
Concern = Literal["decides", "informed_of", "takes_over"]
Code = Annotated[str, Field(min_length=1, max_length=80)]
Day = date | Annotated[str, Field(pattern=r"^H([+-][1-9]\d{0,2})?$")]
Grade = Literal["A", "B", "C", "D"]


def _positive(parameter: Parameter) -> Parameter:
    if parameter.low < 0:
        raise ValueError("must not be below 0")
    return parameter


Minutes = Annotated[Parameter, AfterValidator(_positive)]


class Band(Strict):
    """A promise for stations farther than so many kilometres, in a straight line, from the nearest of some posts."""

    beyond_km: Annotated[float, Field(ge=0, le=500)]
    minutes: Minutes


class Agency(Strict):
    """Somebody at the table: what the plan asks of him, what he promises, what he decides or hears of.

    Attributes:
        name: what everybody calls it, in either language.
        label: what it is.
        does: what the plan asks of it, in words.
        fails: what breaks when it does not, in words.
        units: kinds of unit it provides; none: it decides or is informed, and nothing of it is simulated.
        answers: responder families its promise is about.
        forces: the announced strength that is its own.
        per_station: people of its own at every station.
        place: where its people are.
        starts, ends: its hours, by the names of the clock's.
        promise_min: minutes from the call to its first help, or to the alarm.
        promise_bands: in place of it, by distance of the station; the first band begins at 0 km.
        promise_posts: types of post from the nearest of which the distance is measured.
        promise_of: whether the promise is about help or about the alarm on the spot.
        decides, informed_of, takes_over: names of matters.
    """

    name: Code
    label: Text
    does: Text
    fails: Text
    units: tuple[Code, ...] = ()
    answers: tuple[Answer, ...] = ()
    forces: Literal["police", "army", "linmas"] | None = None
    per_station: Annotated[int, Field(ge=0, le=20)] = 0
    place: Place = "regency"
    starts: ClockName = "starts"
    ends: ClockName = "ends"
    promise_min: Minutes | None = None
    promise_bands: tuple[Band, ...] = ()
    promise_posts: tuple[Code, ...] = ()
    promise_of: Literal["help", "alarm"] = "help"
    decides: tuple[Code, ...] = ()
    informed_of: tuple[Code, ...] = ()
    takes_over: tuple[Code, ...] = ()


class Matter(Strict):
    """What comes up with an incident and somebody must decide, hear of or take over.

    It comes up with every incident of the named responder families and kinds and, where ``closing`` is set, with every
    kind that closes its station.
    """

    label: Text
    responders: tuple[Answer, ...] = ()
    kinds: tuple[Code, ...] = ()
    closing: bool = False


class Phase(Strict):
    """A phase of the operation; ``H-7`` counts from polling day. Without ``ends`` it lasts for days to weeks."""

    label: Text
    starts: Day
    ends: Day | None = None


class Operation(Strict):
    """The operation the polling day belongs to: only the days around it are simulated, the calendar is shown.

    Attributes:
        name: such as Mantap Praja Candi.
        starts, ends: of the whole operation; None: not known.
        phases: in order; those of the packaged list where the scenario gives none.
        grade, source: of the dates; where reports differ the source says both.
    """

    name: Text
    starts: Day | None = None
    ends: Day | None = None
    phases: tuple[Phase, ...] = ()
    grade: Grade
    source: Annotated[str, Field(min_length=3)]


class ThreePillars(Strict):
    """The first line of a village: Bhabinkamtibmas, Babinsa and village head. They alert and calm; they are no help.

    Attributes:
        bhabinkamtibmas, babinsa, village_head: persons a village.
        first_line_min: minutes from the alarm until one of them is there.
    """

    bhabinkamtibmas: Minutes
    babinsa: Minutes
    village_head: Minutes
    first_line_min: Minutes


def day_of(polling_date: date, day: Day) -> date:
    """A day of the calendar as a date.

    Example:
        >>> day_of(date(2024, 11, 27), "H-7").isoformat(), day_of(date(2024, 11, 27), "H").isoformat()
        ('2024-11-20', '2024-11-27')
    """
    if isinstance(day, date):
        return day
    return polling_date + timedelta(days=int(day[1:] or 0))


def _table(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _listed(row: object, key: str) -> list[Any]:
    value = row.get(key) if isinstance(row, Mapping) else None
    return list(value) if isinstance(value, list | tuple) else []


def with_common(data: Mapping[str, Any], common: bytes) -> dict[str, Any]:
    """An election's ``scenario.toml`` over the common list of agencies, matters, phases and rules of special sites.

    The common list names only units and kinds that the scenario has; units that a scenario gives to an agency of its
    own leave the agency of the list. An agency named after another (``tni_2``) stands behind it.

    Args:
        data: as merged from the scenario's files.
        common: the packaged list.
    """
    listed = tomllib.loads(common.decode("utf-8"))
    agencies, own = _table(listed["agencies"]), _table(data.get("agencies"))
    kinds = {str(unit.get("kind")) for unit in _listed(data, "units") if isinstance(unit, Mapping)}
    claimed = {str(unit) for agency in own.values() for unit in _listed(agency, "units")}
    for agency in agencies.values():
        agency["units"] = [unit for unit in agency.get("units", ()) if unit in kinds and unit not in claimed]
    matters, incidents = _table(listed["matters"]), _table(data.get("incidents"))
    for matter in matters.values():
        matter["kinds"] = [kind for kind in matter.get("kinds", ()) if kind in incidents]
    order = list(agencies)
    operation = _table(data.get("operation"))
    if operation:
        operation.setdefault("phases", listed["phases"].get(str(data.get("election_type")), []))

    def place(code: str) -> int:
        return next((number for number, known in enumerate(order) if code.startswith(known)), len(order))

    every = _over(agencies, own)
    for code, row in own.items():
        if isinstance(row, Mapping) and "promise_min" in row and "promise_bands" not in row:
            every[code].pop("promise_bands", None)  # who promises minutes of his own does not mean the list's bands
    return {
        **data,
        **({"operation": operation} if operation else {}),
        "agencies": {code: every[code] for code in sorted(every, key=place)},
        "matters": _over(matters, _table(data.get("matters"))),
        "special_sites": {**_table(listed["special_sites"]), **_table(data.get("special_sites"))},
    }


def _over(listed: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Rows of the list with what the scenario says of them itself; a key is replaced as a whole."""
    rows = {code: {**_table(listed.get(code)), **row} if isinstance(row, Mapping) else row for code, row in own.items()}
    return {**listed, **rows}


def without_agency(settings: Settings) -> list[str]:
    """Unit kinds that no agency provides.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> without_agency(read_scenario("scenarios/kabupaten-semarang").settings)
        []
    """
    provided = {unit for agency in settings.agencies.values() for unit in agency.units}
    return [unit.kind for unit in settings.units if unit.kind not in provided]


def matters_of(settings: Settings, kind: str) -> list[str]:
    """What comes up with a kind of incident, by name.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> matters_of(read_scenario("scenarios/kabupaten-semarang").settings, "flood")
        ['hazard', 'voting']
    """
    incident = settings.incidents[kind]
    return [
        name
        for name, matter in settings.matters.items()
        if incident.responder in matter.responders
        or kind in matter.kinds
        or (matter.closing and incident.closes_station)
    ]


def called(settings: Settings, incident: Incident, *, first: bool) -> list[str]:
    """Unit kinds a kind of incident calls for, in the order in which their ladders come to them.

    Args:
        settings: of the scenario.
        incident: one of its kinds.
        first: only who is asked first at its first level; else whoever may be asked at any level.
    """
    able = {unit.kind: unit.capabilities for unit in settings.units}
    found: dict[str, None] = {}
    for level, needs in incident.needs.items():
        if first and level != incident.starts:
            continue
        for capability in needs:
            ladder = next(ladder for ladder in settings.ladders if capability in ladder.capabilities)
            steps = [step.unit for step in ladder.steps[ladder.enter[level] :] if capability in able.get(step.unit, ())]
            found |= dict.fromkeys(steps[:1] if first else steps)
    return list(found)


def providers(settings: Settings, units: Sequence[str]) -> list[str]:
    """Codes of the agencies that provide some unit kinds, in the order of the units.

    Example:
        >>> from simsec.scenario import read_scenario
        >>> settings = read_scenario("scenarios/kabupaten-semarang").settings
        >>> providers(settings, called(settings, settings.incidents["crowd_damage"], first=False))
        ['polri', 'tni']
    """
    of_unit = {unit: code for code, agency in settings.agencies.items() for unit in agency.units}
    return list(dict.fromkeys(of_unit[unit] for unit in units if unit in of_unit))


def concerned(settings: Settings, kind: str, how: Concern) -> dict[str, list[str]]:
    """Agencies that decide, hear of or take over a kind of incident: code -> matters."""
    matters = matters_of(settings, kind)
    found = {
        code: [matter for matter in matters if matter in getattr(agency, how)]
        for code, agency in settings.agencies.items()
    }
    return {code: names for code, names in found.items() if names}
