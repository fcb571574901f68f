"""Both catalogues say the same things, everything the code asks for is there, and nothing stands there unused."""

import re
import string
from pathlib import Path
from typing import get_args

import pytest

import simsec
from simsec.analysis.breakdown import DIMENSIONS, MEASURES
from simsec.analysis.intervals import Doubt
from simsec.analysis.measures import FAMILIES
from simsec.analysis.promises import Part
from simsec.locale import LANGUAGES, texts
from simsec.optimization.search import PORTFOLIO
from simsec.plan.ledger import READINGS
from simsec.report.measured import KIND_COLUMNS
from simsec.scenario.agencies import Place
from simsec.scenario.places import POST_TYPES
from simsec.scenario.schema import CLASSES, DAY_TYPES, LEVELS, SCOPES
from tests.areas import shipped

PACKAGE = Path(simsec.__file__).parent
SOURCES = sorted(path for pattern in ("*.py", "*.j2") for path in PACKAGE.rglob(pattern))
# Proper names, abbreviations and bare patterns that read alike in both languages.
ALIKE = {
    *(f"post_type.{name}" for name in ("polres", "polsek", "polsubsektor", "ppk", "kpu", "bpbd", "kodim")),
    "cli.col_response_p90_min",
    "cli.measured_title",
    "column.post",
    "doubt.note",
    "method.days_of_type",
    "plan_line",
    "plot.map.km",
    "rakor.people_unit",
    "sanity.median",
    "sheet.linmas",
    "table.worst_sector",
}
LITERAL = re.compile(r"""\bt\(\s*["']([a-z0-9_.]+)["']""")
CHOSEN = re.compile(r"""\bt\(\s*["']([a-z0-9_.]+)["'] if .+? else ["']([a-z0-9_.]+)["']""", re.S)
PLURAL = re.compile(r"""\bplural\(\s*["']([a-z0-9_.]+)["']""")
FAMILY = re.compile(r"""\bt\(\s*f["']([a-z0-9_.]*)\{""")
JOINED = re.compile(r"""\bt\(\s*["']([a-z0-9_.]+\.)["'] ~""")  # in templates
QUOTED = re.compile(r"""["']([a-z0-9_]+(?:\.[a-z0-9_]+)+)["']""")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def source() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)


def test_the_catalogues_have_the_same_keys() -> None:
    first, *others = (set(texts(language).catalogue) for language in LANGUAGES)
    for other in others:
        assert other == first


def test_a_text_has_the_same_fields_in_every_language() -> None:
    for key, text in texts("en").catalogue.items():
        assert fields(text) == fields(texts("id").catalogue[key]), key


def test_no_text_is_empty_or_left_untranslated() -> None:
    for key, text in texts("en").catalogue.items():
        other = texts("id").catalogue[key]
        assert text.strip() and other.strip(), key
        assert (text == other) == (key in ALIKE), key


def test_every_key_asked_for_by_name_exists() -> None:
    code = source()
    asked = {*LITERAL.findall(code), *(key for pair in CHOSEN.findall(code) for key in pair)}
    asked = {key for key in asked if not key.endswith(".")}
    assert len(asked) > 200
    for language in LANGUAGES:
        missing = [key for key in sorted(asked) if not texts(language).has(key)]
        missing += [
            f"{key}.{form}"
            for key in PLURAL.findall(code)
            for form in ("one", "other")
            if not texts(language).has(f"{key}.{form}")
        ]
        assert missing == []


# What a key put together at run time may end in.
ENDINGS: dict[str, tuple[str, ...]] = {
    "day_type.": DAY_TYPES,
    "family.": FAMILIES,
    "class.": CLASSES,
    "level.": LEVELS,
    "dimension.": (*(name for name in DIMENSIONS if name != "all"), "unit"),
    "column.": ("measured_low", "measured_high", *MEASURES),
    "measured.": (*KIND_COLUMNS, "clock_hours", "busy_share", "busy_hours", "busy_p95_hours", "longest_hours"),
    "plot.places.": ("mean", "p90"),
    "reading.": READINGS,
    "rakor.place.": get_args(Place),
    "rakor.of_": get_args(Part),
    "calendar.": ("whole", "part", "none"),
    "scope.": SCOPES,
    "post_type.": (*POST_TYPES, "forward"),
    "plan.": ("announced", "doctrine", "optimised"),
    "duty.": (
        *("kpu_office", "bawaslu_office", "logistics_store", "district_committee"),
        *("command_post", "traffic_points", "polsek_minimum", "reserve"),
    ),
    "measure.": ("median", "p90", "within_target", "unanswered", "voter_hours", "stations_hit"),
    "weights.": ("equal", "red_only", "per_voter"),
    "opening.": ("too_few", "same", "worse", "unclear"),
    "public.first.": ("not_accepted", "too_few", "same", "worse", "unclear", "better"),
    "severe.break_even_": ("likely", "unlikely", "open"),
    "sanity.": ("median", "p90"),
    "group.": (
        *("forces", "units", "ladders", "calls", "incidents", "spreading", "travel", "weather", "voters", "weights"),
        *("day_types", "teams"),
    ),
    "option.": ("tail", "containment"),
    "doubt.": tuple(doubt for doubt in Doubt if doubt),
}


@pytest.mark.parametrize("prefix", ENDINGS)
def test_every_key_put_together_at_run_time_exists(prefix: str) -> None:
    for language in LANGUAGES:
        for ending in ENDINGS[prefix]:
            assert texts(language).has(prefix + ending), prefix + ending


def test_every_group_of_the_shipped_scenario_has_a_heading() -> None:
    groups = {path.split(".")[0] for path in shipped().parameters()}
    assert all(texts("en").has(f"group.{name}") for name in groups)
    assert PORTFOLIO, "the options of the models are named in the catalogue"


def test_no_text_stands_in_the_catalogue_unused() -> None:
    code = source()
    named = {*LITERAL.findall(code), *QUOTED.findall(code), *(k for pair in CHOSEN.findall(code) for k in pair)}
    prefixes = {prefix for prefix in FAMILY.findall(code) if prefix}
    prefixes |= {f"{key}." for key in PLURAL.findall(code)}
    prefixes |= {*JOINED.findall(code), "figure.", "plan_name.", "option."}  # asked for with ``has`` first
    ours = [key for key in texts("en").catalogue if not key.startswith("cli.")]  # the commands keep their own
    prefixes.discard("cli.")
    unused = [key for key in ours if key not in named and not key.startswith(tuple(prefixes))]
    assert unused == []
