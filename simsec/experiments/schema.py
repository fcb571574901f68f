"""What an experiment file may say: one model per table of the file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simsec.base.errors import say
from simsec.scenario.parameter import Strict, Text
from simsec.scenario.schema import DayType

FORMAT = 1
Value = bool | int | float | str
DesignKind = Literal["grid", "one_at_a_time", "latin_hypercube", "sobol", "morris", "saltelli"]
SIZED = ("latin_hypercube", "sobol", "morris", "saltelli")  # designs that need a size
POWERS = ("sobol", "saltelli")  # whose balance holds for powers of two only


class PlanEntry(Strict):
    """A plan to play: doctrine by rule of thumb, a plan folder, or one that is optimised again at each point.

    Attributes:
        doctrine: ``announced``, or the number of stations of a pair's block.
        folder: of a plan, as `simsec plan` writes it; paths count from the experiment file.
        optimise: search for a plan at every point of the design, with few training and selection days.
        labels: whether the doctrine or the search sees the labels of the stations; without them all are low.
        name: in the tables; made from the rest by default.
    """

    name: Annotated[str, Field(max_length=80)] = ""
    doctrine: Literal["announced"] | Annotated[int, Field(ge=1)] | None = None
    folder: str = ""
    optimise: bool = False
    labels: bool = True

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if (self.doctrine is not None) + bool(self.folder) + self.optimise != 1:
            raise ValueError("a plan is one of doctrine, folder and optimise = true")
        if self.folder and not self.labels:
            raise ValueError("a plan folder is made already, with labels or without")
        return self


class Prior(Strict):
    """A triangular prior."""

    low: float
    mode: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.mode <= self.high:
            raise ValueError("low <= mode <= high must hold")
        return self


class FactorEntry(Strict):
    """What is varied: a figure or a setting of the scenario by its dotted path, ``day.type``, or named cases.

    Attributes:
        path: such as ``travel.friction``, ``forces.police``, ``voters.closing_rule``, ``day.type``,
            ``plan.tps_per_pair``; or random labels of the stations, for studies of labels only:
            ``labels.elevated_share``, ``labels.high_share``, ``labels.miss`` and ``labels.seed``.
        name: of the column in the tables; the path by default.
        levels: the values, in order.
        range: even between two ends.
        prior: triangular. With none of them: low, mode and high as the scenario grades them.
        steps: levels of a range or prior in a grid or one at a time.
        cases: name -> path -> value: several settings that change together.
    """

    path: str = ""
    name: Annotated[str, Field(max_length=80)] = ""
    levels: Annotated[tuple[Value, ...], Field(min_length=1)] | None = None
    range: tuple[float, float] | None = None
    prior: Prior | None = None
    steps: Annotated[int, Field(ge=2, le=1000)] = 3
    cases: Annotated[dict[str, dict[str, Value]], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = sum(way is not None for way in (self.levels, self.range, self.prior, self.cases))
        if given > 1:
            raise ValueError("a factor has one of levels, range, prior and cases")
        if self.cases is None and not self.path:
            raise ValueError("a factor needs a path, or cases")
        if self.cases is not None and (self.path or not self.name):
            raise ValueError("cases need a name and no path")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError("the range ends before it starts")
        if self.levels is not None and len(set(self.levels)) < len(self.levels):
            raise ValueError("a level stands twice")
        return self


class Unknowns(Strict):
    """Every uncertain figure of some grades as a factor of its own, over its low, mode and high.

    Attributes:
        grades: C, D or both.
        leave_out: paths, or beginnings of paths, that stay as they are.
    """

    grades: Annotated[tuple[Literal["C", "D"], ...], Field(min_length=1)]
    leave_out: tuple[str, ...] = ()


class Design(Strict):
    """Which points are played.

    Attributes:
        kind: of the design.
        size: points of a Latin hypercube or Sobol sequence, trajectories of Morris, base samples of Saltelli.
        levels: of a Morris trajectory; even.
    """

    kind: DesignKind
    size: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    levels: Annotated[int, Field(ge=2, le=64, multiple_of=2)] = 4

    @model_validator(mode="after")
    def _sized(self) -> Self:
        if (self.kind in SIZED) != (self.size is not None):
            raise ValueError("latin_hypercube, sobol, morris and saltelli need a size, and no other design takes it")
        if self.kind in POWERS and self.size is not None and self.size & (self.size - 1):
            raise ValueError(say("{kind} needs a power of 2", kind=self.kind))
        return self


class Precision(Strict):
    """Instead of a number of days: go on until the measure of every plan is known this well at a point.

    Attributes:
        relative: half width of the 95 % interval over the size of the mean.
        measure: a column of the runs.
        most_days: of all types together, at one point.
        first: days of every type in the first round.
    """

    relative: Annotated[float, Field(gt=0, lt=1)]
    measure: str = "security_weighted_min"
    most_days: Annotated[int, Field(ge=2)] = 2000
    first: Annotated[int, Field(ge=2)] = 50


class ExperimentFile(Strict):
    """The whole of an experiment file.

    Attributes:
        scenarios: folders; paths count from the experiment file.
        days: of every type, or type -> number.
        coupled: whether every point meets the same days (common random numbers) or days of its own.
        measures: columns to keep; all by default.
        incidents: also keep a row an incident.
        voters: also serve the voters of disturbed stations.
        batch: days that one task plays; a worker writes a file a task. Left out: as many as make some 64 tasks or
            more of the experiment, so that no core waits for the last one, but not fewer than 20 days.
    """

    format: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: Text | None = None
    scenarios: Annotated[tuple[str, ...], Field(min_length=1)]
    plans: Annotated[tuple[PlanEntry, ...], Field(min_length=1)] = (PlanEntry(doctrine="announced"),)
    factors: tuple[FactorEntry, ...] = ()
    unknowns: Unknowns | None = None
    design: Design = Design(kind="grid")
    days: Annotated[int, Field(ge=1)] | dict[DayType, Annotated[int, Field(ge=1, le=100_000)]] | None = None
    precision: Precision | None = None
    seed: Annotated[int, Field(ge=0, le=2**31)] = 1
    coupled: bool = True
    measures: tuple[str, ...] = ()
    incidents: bool = False
    voters: bool = False
    batch: Annotated[int, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.days is None) == (self.precision is None):
            raise ValueError("give days, or a precision")
        if not self.factors and self.unknowns is None and self.design.kind != "grid":
            raise ValueError("the design has no factor to vary")
        return self
