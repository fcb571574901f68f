"""Counting heads: does a state account for every unit, order and waiting request at any moment?"""

from __future__ import annotations

from simsec.simulation.model import SQUAD, State, World


def count_heads(world: World, state: State) -> list[str]:
    """What does not add up in a state, at any moment: who is where, who is on the way, who waits.

    Args:
        world: what is known and decided.
        state: as a listener or a look sees it; only read.

    Returns:
        A plain sentence for everything that does not hold.
    """
    incidents = range(len(state.onset))
    here, squads = [0] * len(incidents), [0] * len(incidents)
    on_the_way = [[0] * world.capabilities for _ in incidents]
    for unit, incident in enumerate(state.serves):
        if incident < 0:
            continue
        here[incident] += 1
        if state.on_scene[unit]:
            squads[incident] += state.serves_as[unit] == SQUAD
        else:
            on_the_way[incident][state.serves_as[unit]] += 1
    told = [f"unit {u} is on scene and serves nobody" for u, n in enumerate(state.serves) if n < 0 < state.on_scene[u]]
    told += [f"incident {i} miscounts its units" for i in incidents if here[i] != state.here[i]]
    told += [f"incident {i} miscounts its squads" for i in incidents if squads[i] != state.squads_here[i]]
    for incident in incidents:
        gaps = [sent - came for sent, came in zip(state.sent[incident], state.arrived[incident], strict=True)]
        if gaps != on_the_way[incident]:
            told.append(f"incident {incident}: sent less arrived is {gaps}, on the way are {on_the_way[incident]}")
    listed = [(incident, ladder) for _, incident, ladder in state.waiting]
    queued = [(i, ladder) for i, row in enumerate(state.queued) for ladder, flag in enumerate(row) if flag]
    waits = [sum(ladder == asked for _, asked in listed) for ladder in range(world.ladders)]
    if waits != list(state.waits):
        told.append(f"ladders count {list(state.waits)} who wait, on the list are {waits}")
    if sorted(listed) != queued:
        told.append(f"on the waiting list are {sorted(listed)}, who waits is {queued}")
    return told
