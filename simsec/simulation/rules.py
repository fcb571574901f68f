"""What happens on polling day: eight small rules, one a kind of event.

``rule(world, day, state, event, then)``: the world and the day are only read, the state is changed, and what follows
is appended to ``then``. A fight breaks out at a station: it is *reported*; the report becomes a *request* to the first
step of the chain of command; a unit is sent and *arrives*; it works and is *cleared*. If nobody came in time the
incident *rises* a level and asks again, higher up; a crowd may *spread* to the next village. Units *leave* for other
duties, rest or the vote, and are *back*.
"""

from __future__ import annotations

from simsec.simulation.convoys import escorting, look_when_back, settle
from simsec.simulation.model import (
    ALL_OUT_MIN,
    ALL_OUT_SINCE,
    AREA_LEVEL_TIME,
    ARRIVE,
    BACK,
    CLEAR,
    FIRST_COME,
    FREE,
    HIT,
    LEAVE,
    LIMIT_REACHED,
    LOST,
    NEVER,
    NOWHERE,
    OFF_DUTY,
    RAYON,
    RED,
    REPORT,
    REQUEST,
    RISE,
    SPREAD,
    SQUAD,
    SUBDISTRICT,
    DayMarks,
    Event,
    Ints,
    State,
    World,
)
from simsec.simulation.movement import at_base, minutes_to, position, slowness
from simsec.simulation.policies import choose
from simsec.simulation.policies.available import held_back


def missing(world: World, day: DayMarks, state: State, incident: int, capability: int) -> int:
    """How many more units with the capability the incident needs at its present level than were sent."""
    need = world.need[day.kind[incident]][state.level[incident]][capability]
    return max(need - state.sent[incident][capability], 0)


def missing_on(world: World, day: DayMarks, state: State, incident: int, ladder: int) -> int:
    """As :func:`missing`, over the capabilities of a ladder."""
    need, sent = world.need[day.kind[incident]][state.level[incident]], state.sent[incident]
    total = 0
    for place in range(world.capability_first[ladder], world.capability_end[ladder]):
        capability = world.ladder_capability[place]
        if need[capability] > sent[capability]:
            total += need[capability] - sent[capability]
    return total


def wake(world: World, day: DayMarks, state: State, incident: int, now: float, then: list[Event]) -> None:
    """An incident begins: it will be reported, may rise, and may spread."""
    state.onset[incident] = now
    state.struck[day.village[incident]] = 1
    state.counters[HIT] += day.hits[incident]
    then.append((now + day.report_delay[incident], REPORT, incident, NOWHERE, 0))
    schedule_rise(day, incident, state.level[incident], now, then)
    for child in range(day.child_first[incident], day.child_end[incident]):
        then.append((now + day.spread_delay[child], SPREAD, child, NOWHERE, 0))


def open_windows(world: World, day: DayMarks, then: list[Event]) -> None:
    """Put on the calendar who leaves for a while today, group by group; where a scenario says nobody does, nothing."""
    for group in range(world.absences):
        row = world.absence_row[group]
        if row < 0 or day.absent[row] == 1:
            then.append((world.absence_from[group], LEAVE, NOWHERE, group, 0))


def schedule_rise(day: DayMarks, incident: int, level: int, onset: float, then: list[Event]) -> None:
    """The moment at which the present level is left if nobody has come."""
    if level < RED:
        minutes = day.rise[incident][level]
        if minutes < 1e17:
            then.append((onset + minutes, RISE, incident, level + 1, 0))


def request(
    world: World, day: DayMarks, state: State, incident: int, ladder: int, now: float, then: list[Event]
) -> None:
    """The step that holds the request sends what it has; the rest is passed on after its delay, waits or is lost."""
    if fill(world, day, state, incident, ladder, now, then):
        return
    row = state.step[incident][ladder]
    if row + 1 < world.ladder_end[ladder]:
        state.step[incident][ladder] = row + 1
        state.due[incident][ladder] = now + day.delay[incident][row]
        then.append((state.due[incident][ladder], REQUEST, incident, ladder, 0))
    elif world.loses == 1:
        state.counters[LOST] += 1
    elif state.queued[incident][ladder] == 0:
        state.queued[incident][ladder] = 1
        state.waiting.append((now, incident, ladder))
        state.waits[ladder] += 1
        if day.convoys > 0:
            look_when_back(world, day, state, incident, ladder, now, then)


def fill(world: World, day: DayMarks, state: State, incident: int, ladder: int, now: float, then: list[Event]) -> bool:
    """The present step sends at once what it has, up to what is missing; whether nothing is missing then."""
    need, sent = world.need[day.kind[incident]][state.level[incident]], state.sent[incident]
    filled = True
    for place in range(world.capability_first[ladder], world.capability_end[ladder]):
        capability = world.ladder_capability[place]
        while need[capability] > sent[capability]:
            unit = choose(world, day, state, incident, capability, now)
            if unit < 0:
                filled = False
                break
            send(world, day, state, incident, capability, unit, now, then)
    return filled


def ask(world: World, day: DayMarks, state: State, incident: int, now: float, then: list[Event]) -> None:
    """Request what is missing: each ladder at the step its level names.

    Steps that the request has already passed are asked again at once: a higher level opens what they kept back. A
    request that is on its way beyond the step the level names goes on and arrives in its own time.
    """
    level = state.level[incident]
    steps, due = state.step[incident], state.due[incident]
    for ladder, wanted in enumerate(world.asked[day.kind[incident]][level]):
        if wanted == 1 and (state.units_sent[incident] == 0 or missing_on(world, day, state, incident, ladder) > 0):
            enter, step = world.enter[ladder][level], steps[ladder]
            for row in range(enter, step):
                steps[ladder] = row
                fill(world, day, state, incident, ladder, now, then)
            steps[ladder] = step if step > enter else enter
            if due[ladder] == NEVER or step <= enter:
                due[ladder] = NEVER
                request(world, day, state, incident, ladder, now, then)


def send(
    world: World, day: DayMarks, state: State, incident: int, capability: int, unit: int, now: float, then: list[Event]
) -> None:
    """Order a unit to an incident; a unit on its way elsewhere leaves a request behind."""
    turnout, other = 0.0, state.serves[unit]
    kind, block, station = world.unit_kind[unit], world.unit_block[unit], day.station[incident]
    if other >= 0:
        turnout = max(state.leg_start[unit] - now, 0.0)  # what is left of it when it had not moved off
        withdraw(world, state, unit, now, then)
    elif block >= 0:
        settle(world, day, state, unit, now)
    origin, target = state.leg_to[unit], world.station_node[station]
    if state.leg_from[unit] != origin:
        origin = position(world, state, unit, now)
    leaves = block < 0 or block != world.station_block[station]
    if leaves and at_base(world, state, unit, origin):  # a pair pays it as handover, when it leaves its block
        turnout = day.turnout[incident][world.kind_row[world.ladder_of[capability]][kind]]
    slot = state.units_sent[incident]
    factor = slowness(world, day, now, origin, target) * day.noise[incident][slot % day.noises]
    travel = minutes_to(world, day, state, unit, incident, origin) * factor
    ticket = state.ticket[unit] + 1
    state.ticket[unit] = ticket
    state.serves[unit] = incident
    state.serves_as[unit] = capability
    state.on_scene[unit] = 0
    state.leg_from[unit] = origin
    state.leg_to[unit] = target
    state.leg_start[unit] = now + turnout
    state.leg_slow[unit] = factor
    state.missions[unit] += 1
    state.ordered_at[unit] = now
    if other < 0 and kind == world.squad_kind:
        squad_leaves(world, state, now)
    state.sent[incident][capability] += 1
    state.here[incident] += 1
    state.units_sent[incident] = slot + 1
    if slot == 0:
        state.dispatched[incident] = now
    then.append((now + turnout + travel, ARRIVE, incident, unit, ticket))


def squad_leaves(world: World, state: State, now: float) -> None:
    """A squad was ordered out or goes off duty: the reserve is exhausted if it was the last free one, wherever."""
    for unit in range(world.kind_first[world.squad_kind], world.kind_end[world.squad_kind]):
        if state.serves[unit] == FREE:
            return
    if state.reserve_out[ALL_OUT_SINCE] == NEVER:
        state.reserve_out[ALL_OUT_SINCE] = now


def squad_returns(state: State, now: float) -> None:
    """A squad is free again, on its way home or there: the reserve is exhausted no longer."""
    if state.reserve_out[ALL_OUT_SINCE] != NEVER:
        state.reserve_out[ALL_OUT_MIN] += now - state.reserve_out[ALL_OUT_SINCE]
        state.reserve_out[ALL_OUT_SINCE] = NEVER


def withdraw(world: World, state: State, unit: int, now: float, then: list[Event]) -> None:
    """Take a unit off the incident it is on its way to; what it leaves missing is asked for again where it was asked.

    A request that is already climbing covers it: no second chain climbs beside the first.
    """
    other, ladder = state.serves[unit], world.ladder_of[state.serves_as[unit]]
    state.sent[other][state.serves_as[unit]] -= 1
    state.here[other] -= 1
    state.busy_min[unit] += now - state.ordered_at[unit]
    if state.due[other][ladder] == NEVER:
        state.due[other][ladder] = now
        then.append((now, REQUEST, other, ladder, 0))


def may_serve(world: World, day: DayMarks, state: State, unit: int, incident: int, ladder: int) -> int:
    """A capability the waiting incident misses and the unit brings within its reach, or -1."""
    kind = world.unit_kind[unit]
    reach = world.reach[ladder][kind]
    station = day.station[incident]
    if reach < 0 or held_back(world, state, incident, kind):
        return NOWHERE
    if world.unit_bound[unit] == 1 and world.unit_block[unit] != world.station_block[station]:
        return NOWHERE
    if reach < SUBDISTRICT and world.unit_block[unit] != world.station_block[station]:
        return NOWHERE
    if reach == SUBDISTRICT and world.unit_subdistrict[unit] != world.station_subdistrict[station]:
        return NOWHERE
    if reach == RAYON and world.unit_rayon[unit] != world.station_rayon[station]:
        return NOWHERE
    for place in range(world.capability_first[ladder], world.capability_end[ladder]):
        capability = world.ladder_capability[place]
        if world.can[kind][capability] == 1 and missing(world, day, state, incident, capability) > 0:
            return capability
    return NOWHERE


def reaches(world: World, state: State, unit: int, station: int, now: float) -> bool:
    """Whether there is a way from where the unit is to the station: a given matrix may have none."""
    vehicle = world.kind_vehicle[world.unit_kind[unit]]
    return world.minutes[vehicle][position(world, state, unit, now)][world.station_node[station]] < 1e17


def serve_waiting(world: World, day: DayMarks, state: State, unit: int, now: float, then: list[Event]) -> None:
    """A unit became free: it takes the first of its own area's list, then of the others', by level and time.

    A general scenario may leave out the area, or the level as well.
    """
    kind, reach, served = world.unit_kind[unit], world.reach, False
    for ladder, count in enumerate(state.waits):
        if count > 0 and reach[ladder][kind] >= 0:
            served = True
            break
    if not served:
        return  # a long list mostly waits for others
    ranked, by_area = world.queue_order != FIRST_COME, world.queue_order == AREA_LEVEL_TIME
    sector = world.unit_subdistrict[unit]
    levels, stations, sectors = state.level, day.station, world.station_subdistrict
    best, best_capability = -1, -1
    best_rank, best_time = -1, 0.0
    asked, serves = -1, False
    for place, (since, incident, ladder) in enumerate(state.waiting):
        if ladder != asked:
            asked, serves = ladder, reach[ladder][kind] >= 0
        if not serves:
            continue
        rank = levels[incident] if ranked else 0
        if by_area and sectors[stations[incident]] == sector:
            rank += RED + 1  # above every level elsewhere
        if rank < best_rank or (rank == best_rank and since >= best_time):
            continue  # whether it could serve those too is dear to ask
        capability = may_serve(world, day, state, unit, incident, ladder)
        if capability >= 0 and reaches(world, state, unit, day.station[incident], now):
            best, best_capability, best_rank, best_time = place, capability, rank, since
    if best < 0:
        return
    since, incident, ladder = state.waiting[best]
    send(world, day, state, incident, best_capability, unit, now, then)
    if missing_on(world, day, state, incident, ladder) == 0:
        state.waiting.pop(best)
        state.waits[ladder] -= 1
        state.queued[incident][ladder] = 0


def on_report(world: World, day: DayMarks, state: State, event: Event, then: list[Event]) -> None:
    """Somebody outside the station knows: the request enters the chain of command."""
    now, _, incident, _, _ = event
    state.reported[incident] = now
    ask(world, day, state, incident, now, then)


def on_request(world: World, day: DayMarks, state: State, event: Event, then: list[Event]) -> None:
    """The next step takes the request up, unless the ladder was asked anew since it was passed on."""
    now, _, incident, ladder, _ = event
    if now == state.due[incident][ladder]:
        state.due[incident][ladder] = NEVER
        request(world, day, state, incident, ladder, now, then)


def on_arrive(world: World, day: DayMarks, state: State, event: Event, then: list[Event]) -> None:
    """A unit reaches the station, unless it was ordered elsewhere meanwhile; its work begins.

    The first to come is the first help, also where the incident has risen since and wants more: whoever was sent brings
    something it needs or needed. Whether all it needs has come is told apart, as full help.
    """
    now, _, incident, unit, ticket = event
    if ticket != state.ticket[unit]:
        return
    capability, level = state.serves_as[unit], state.level[incident]
    state.on_scene[unit] = 1
    arrived = state.arrived[incident]
    if arrived[capability] == 0:
        state.came[incident][capability] = now
    arrived[capability] += 1
    if state.first[incident] == NEVER:
        state.first[incident] = now
        state.first_unit[incident] = unit
    if world.care_ladder[world.ladder_of[capability]] == 1 and state.care[incident] == NEVER:
        state.care[incident] = now
    if capability == SQUAD:
        state.squads_here[incident] += 1
        if state.squads_here[incident] >= world.contained_by and state.contained[incident] == NEVER:
            state.contained[incident] = now
    if state.full[incident] == NEVER and all_arrived(world, day.kind[incident], level, arrived):
        state.full[incident] = now
    if world.work_from_order == 1:
        done = max(now, state.ordered_at[unit] + day.scene[incident][level])
        then.append((done, CLEAR, incident, unit, ticket))
    else:
        then.append((now + day.scene[incident][level], CLEAR, incident, unit, ticket))


def all_arrived(world: World, kind: int, level: int, arrived: Ints) -> bool:
    """Whether every need of the level has been met on the spot."""
    need = world.need[kind][level]
    for capability in world.needed[kind][level]:
        if capability < 0:
            return True
        if arrived[capability] < need[capability]:
            return False
    return True


def on_clear(world: World, day: DayMarks, state: State, event: Event, then: list[Event]) -> None:
    """A unit has done its work: it heads back, and may be called again on the way; or is home at once."""
    now, _, incident, unit, ticket = event
    if ticket != state.ticket[unit]:
        return
    target, home = world.station_node[day.station[incident]], world.unit_home[unit]
    state.serves[unit] = FREE
    state.freed_at[unit] = now
    state.on_scene[unit] = 0
    state.busy_min[unit] += now - state.ordered_at[unit]
    if world.unit_kind[unit] == world.squad_kind:
        squad_returns(state, now)
    state.leg_from[unit] = home if world.home_at_once == 1 else target
    state.leg_to[unit] = home
    state.leg_start[unit] = now
    state.leg_slow[unit] = slowness(world, day, now, target, home)
    here = state.here[incident] - 1
    state.here[incident] = here
    if state.serves_as[unit] == SQUAD:
        state.squads_here[incident] -= 1
    if here == 0 and state.full[incident] != NEVER:
        state.cleared[incident] = now
    if state.away[unit] > 0:
        go_off_duty(world, day, state, unit, now)
    elif len(state.waiting) > 0:
        serve_waiting(world, day, state, unit, now, then)


def go_off_duty(world: World, day: DayMarks, state: State, unit: int, now: float) -> None:
    """A free unit is nobody's to send; it goes on to its base, where it stands again when it is back."""
    if world.unit_block[unit] >= 0:
        settle(world, day, state, unit, now)
    state.serves[unit] = OFF_DUTY
    state.away_since[unit] = now
    if world.unit_kind[unit] == world.squad_kind:
        squad_leaves(world, state, now)


def on_leave(world: World, day: DayMarks, state: State, event: Event, then: list[Event]) -> None:
    """A window opens: its free units are off duty at once, who is sent or at work when he clears, if it still is."""
    now, _, _, group, _ = event
    units, away, serves, away_since = world.absence_unit, state.away, state.serves, state.away_since
    blocks, kinds, squads = world.unit_block, world.unit_kind, world.squad_kind
    for place in range(world.absence_first[group], world.absence_end[group]):
        unit = units[place]
        away[unit] += 1
        if serves[unit] == FREE:  # as go_off_duty does it, without the call: there are hundreds
            if blocks[unit] >= 0:
                settle(world, day, state, unit, now)
            serves[unit] = OFF_DUTY
            away_since[unit] = now
            if kinds[unit] == squads:
                squad_leaves(world, state, now)
    then.append((world.absence_until[group], BACK, NOWHERE, group, 0))


def on_back(world: World, day: DayMarks, state: State, event: Event, then: list[Event]) -> None:
    """The window closes: its units are free again, and look at the waiting list one after the other.

    Or a pair is back from its boxes, which counts on from the groups; one that was sent meanwhile looks at nothing.
    """
    now, _, _, group, ticket = event
    if group >= world.absences:
        pair = group - world.absences
        here = state.serves[pair] == FREE and state.ticket[pair] == ticket
        if here and len(state.waiting) > 0 and not escorting(world, day, state, pair, now):
            serve_waiting(world, day, state, pair, now, then)
        return
    units, away, serves, freed_at = world.absence_unit, state.away, state.serves, state.freed_at
    away_min, away_since = state.away_min, state.away_since
    kinds, squads, asked = world.unit_kind, world.squad_kind, len(state.waiting) > 0
    for place in range(world.absence_first[group], world.absence_end[group]):
        unit = units[place]
        away[unit] -= 1
        if away[unit] == 0 and serves[unit] == OFF_DUTY:
            serves[unit] = FREE
            freed_at[unit] = now
            away_min[unit] += now - away_since[unit]
            if kinds[unit] == squads:
                squad_returns(state, now)
            if asked:
                serve_waiting(world, day, state, unit, now, then)


def on_rise(world: World, day: DayMarks, state: State, event: Event, then: list[Event]) -> None:
    """Nobody came in time: the level rises, the needs are computed anew, ladders are asked anew."""
    now, _, incident, level, _ = event
    if state.first[incident] != NEVER:
        return
    state.level[incident] = level
    schedule_rise(day, incident, level, state.onset[incident], then)
    if state.reported[incident] != NEVER:
        ask(world, day, state, incident, now, then)


def over(world: World, day: DayMarks, state: State, incident: int) -> float:
    """When the incident lets its station open again: it is cleared, or what was missing is handed over; or NEVER.

    A late station waits for its material and not until the last unit has left; one under water waits for that.
    """
    kind = day.kind[incident]
    goods = world.reopens_on[kind]
    if goods < 0 or state.came[incident][goods] == NEVER:
        return state.cleared[incident]
    return state.came[incident][goods] + world.reopens_after[kind]


def on_spread(world: World, day: DayMarks, state: State, event: Event, then: list[Event]) -> None:
    """The crowd reaches the next village, unless enough squads stood at the last one in time.

    A child of another kind than its parent's is no crowd but a consequence: it comes unless that was over in time.
    """
    now, _, child, _, _ = event
    if state.struck[day.village[child]] == 1:
        return  # it came from another village before
    parent = day.parent[child]
    in_time = min(now, state.onset[parent] + day.contain_within[child])
    held = state.contained[parent] if day.kind[child] == day.kind[parent] else over(world, day, state, parent)
    if held != NEVER and held <= in_time:
        return
    if state.counters[HIT] + day.hits[child] > world.stations_at_most:
        state.counters[LIMIT_REACHED] += 1
        return
    wake(world, day, state, child, now, then)


RULES = (on_leave, on_back, on_clear, on_arrive, on_rise, on_spread, on_report, on_request)
