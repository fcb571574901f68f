"""What is known about an area and its polling day: schema, tables, reading, scaffolding."""

from simsec.scenario.parameter import Parameter
from simsec.scenario.reading import Scenario, read_scenario

__all__ = ["Parameter", "Scenario", "read_scenario"]
