"""A day from a log."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simsec.base.errors import say
from simsec.day.day import Day, Floats, Incidents, Integers, Reports
from simsec.day.log_reading import LogReader
from simsec.scenario.reading import Scenario


def read_day(path: Path, scenario: Scenario) -> Day:
    """A short log as a day, to be played like any other: primary incidents in order of time, then dormant ones.

    A log written by :func:`simsec.day.log.write_log` comes back with every mark as it was. Recorded responses and
    transports are left out, and what no unit meets: reports nobody went out for, and the stages of the stations. Of the
    trips of the boxes a log tells when their pairs are out, and no more.

    Args:
        path: the log; tables of the whole day may stand beside it.
        scenario: knows the codes.

    Raises:
        InputError: everything wrong with the log; an incident at a village, where no station is named.
    """
    reader = LogReader(path, scenario)
    stations = len(scenario.stations)
    only_stations = say("a day needs the code of a station here")
    reader.check(lambda entry: only_stations if entry.station >= stations else "")
    groups = list(reader.groups())
    entries = [group[0] for group in groups] + [entry for group in groups for entry in group[1:]]
    number: dict[int, int] = {entry.row: place for place, entry in enumerate(entries)}

    def numbers(place: str) -> list[int]:
        """Places in a group as numbers in the day."""
        of = {e.row: group[getattr(e, place)].row for group in groups for e in group if getattr(e, place) >= 0}
        return [number[of[entry.row]] if entry.row in of else -1 for entry in entries]

    parent = np.array(numbers("parent"), dtype=np.int64)
    child_first, child_end = np.zeros((2, len(entries)), dtype=np.int64)
    for child, above in enumerate(parent.tolist()):
        if above >= 0:  # the children of one parent stand together
            child_first[above] = child_first[above] or child
            child_end[above] = child + 1
    around = reader.around

    def floats(name: str) -> Floats:
        return np.array([getattr(entry, name) for entry in entries], dtype=np.float64)

    def integers(name: str) -> Integers:
        return np.array([getattr(entry, name) for entry in entries], dtype=np.int64)

    incidents = Incidents(
        kind=integers("kind"),
        station=integers("station"),
        level=integers("level"),
        onset_min=floats("onset"),
        alert_delay_min=floats("alert_delay"),
        first_line_delay_min=floats("first_line"),
        report_delay_min=floats("report_delay"),
        rise_min=floats("rise"),
        scene_min=floats("scene"),
        where=floats("where"),
        delay_min=floats("delay"),
        turnout_min=floats("turnout"),
        noise=floats("noise"),
        kpu=floats("kpu"),
        parent=parent,
        child_first=child_first,
        child_end=child_end,
        spread_delay_min=floats("spread_delay"),
        contain_within_min=floats("contain_within"),
        hits=integers("hits"),
        village=np.array(numbers("village"), dtype=np.int64),
        access_min=floats("access"),
    )
    n, convoys = incidents.primaries, around.convoys
    if convoys is not None:
        incident, trips = convoys.incident.copy(), around.befalls()
        for place, entry in enumerate(entries[:n]):
            incident[trips.get(entry.key, [])] = place
        convoys = convoys._replace(incident=incident)
    reports = Reports(incidents.kind[:n], incidents.station[:n], incidents.onset_min[:n], np.ones(n, dtype=np.bool_))
    return Day(
        0,
        0,
        "ordinary",
        incidents,
        reports,
        around.rain_mm,
        around.slow,
        closures=around.closures,
        access=around.access,
        absent=around.absent,
        convoys=convoys,
    )
