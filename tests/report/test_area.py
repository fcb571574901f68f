"""What an area is about stands in its report: every element it has, none it has not, and a map that shows them."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from tests.areas import shipped, tiny
from tests.scenario.area import edited

from simsec.locale import LANGUAGES, texts
from simsec.report.area import area_table, special_rule, strength_note
from simsec.report.area_map import area_figure
from simsec.report.basemap import base_of
from simsec.scenario import Scenario, read_scenario
