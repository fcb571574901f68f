"""Laws of incidents: how many, when, where, and with which marks. Counts are held against the file itself."""

import tomllib
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simsec.analysis.measures import expected_weight
from simsec.base.clock import parse_stamp
from simsec.day import Day, sample_day
from simsec.day.clusters import hits_of, mean_hits, strikes_of, struck_stations
from simsec.day.incidents import NOISE_SLOTS, without_signal
from simsec.day.keyed import poisson_quantile
from simsec.day.streams import stream, uniforms
from simsec.day.tables import last_level, sampling_tables, window_quantile
from simsec.day.trips import expected_accidents
from simsec.day.weather import draw_rain
from simsec.scenario.parameter import triangular
from simsec.scenario.schema import LEVELS, Window
from simsec.simulation import simulate
from tests.areas import SHIPPED, announced, shipped, tiny
from tests.scenario.shipped import shipped_area

DAYS = 200
LEVEL = 0.999
FILE = tomllib.loads((SHIPPED / "scenario.toml").read_text(encoding="utf-8"))
STATIONS = (SHIPPED / "polling_stations.csv").read_text(encoding="utf-8").count("\n") - 1
KINDS = list(FILE["incidents"])


def value(figure: dict[str, float]) -> float:
    return figure.get("value", figure.get("mode", 0.0))


def written_rate(kind: str, day_type: str) -> float:
    """Reports per station and day as the file says them."""
    model = FILE["incidents"][kind]
    if kind == FILE["stages"]["escort_kind"]:
        return expected_accidents(shipped()) / STATIONS  # of trips, not of stations
    return value(model.get("rate_on", {}).get(day_type, model["rate_per_station"]))


@cache
def days(day_type: str, count: int = DAYS) -> tuple[Day, ...]:
    unanswered = shipped().with_values({"rumour.remaining_share": 1.0})  # what a statement spares: test_rumours.py
    return tuple(sample_day(unanswered, 1, replication, day_type) for replication in range(count))


@pytest.mark.parametrize("day_type", ["ordinary", "rumour"])
def test_reports_keep_the_rates_of_the_file_within_exact_poisson_limits(day_type: str) -> None:
    found = sum(np.bincount(day.reports.kind, minlength=len(KINDS)) for day in days(day_type))
    for number, kind in enumerate(KINDS):
        if kind == FILE["spreading"]["kind"]:
            assert found[number] == 0  # a severe day forces its seed, no other day has one
            assert (sampling_tables(shipped()).rate[:, number] == 0).all()
            continue
        low, high = stats.poisson.interval(LEVEL, DAYS * STATIONS * written_rate(kind, day_type))
        assert low <= found[number] <= high, kind


@pytest.mark.parametrize(
    ("kind", "low", "high"),  # expected a day in Kabupaten Semarang at the rates of November 2024
    [
        ("late_open", 25, 25),
        ("logistics_short", 58, 58),
        ("ballot_swap", 5, 5),
        ("intimidation", 0.4, 5.5),
        ("medical_crew", 0, 2.2),
        ("crowd_damage", 0.01, 0.01),
    ],
)
def test_expected_counts_are_those_published(kind: str, low: float, high: float) -> None:
    expected = STATIONS * written_rate(kind, "ordinary")
    assert low <= round(expected, 2 if high < 1 else (0 if low == high else 1)) <= high


def test_what_was_dispatched_comes_out_of_the_simulation_and_nothing_else() -> None:
    for day in days("ordinary")[:20]:
        rows = simulate(shipped(), announced(), day).incidents
        for name in ("kind", "station", "onset_min"):
            reported = getattr(day.reports, name)[day.reports.dispatched]
            assert getattr(rows, name).tolist() == reported.tolist()
        assert rows.primary.all()


def test_dispatch_keeps_its_share() -> None:
    for number, kind in enumerate(KINDS):
        sent = np.concatenate([day.reports.dispatched[day.reports.kind == number] for day in days("ordinary")])
        share = value(FILE["incidents"][kind]["dispatch_share"])
        low, high = stats.binom.interval(LEVEL, len(sent), share) if 0 < share < 1 else (share * len(sent),) * 2
        assert low <= sent.sum() <= high, kind


def test_every_station_is_as_likely_as_any_other() -> None:
    struck = np.concatenate([day.reports.station for day in days("ordinary")])
    counts = np.bincount(struck, minlength=STATIONS)
    assert stats.chisquare(counts.reshape(-1, 3).sum(axis=1)).pvalue > 1e-3  # 1,983 = 661 x 3
    spread = counts.var() / counts.mean()  # Poisson: 1
    assert abs(spread - 1) < 4 * np.sqrt(2 / STATIONS)


def test_onsets_keep_the_windows_and_their_shares() -> None:
    for number, (kind, model) in enumerate(shipped().settings.incidents.items()):
        if kind in (FILE["stages"]["escort_kind"], FILE["stages"]["crew_kind"]):
            continue  # their hours are those of trips and of duty
        day_type = "rumour" if kind == "hoax_rumour" else "ordinary"
        onset = np.concatenate([day.reports.onset_min[day.reports.kind == number] for day in days(day_type)])
        if not len(onset):
            continue
        edges = np.array([[parse_stamp(at) for at in (w.start, w.end)] for w in model.windows])
        counts = np.array([np.sum((onset >= a) & (onset < b)) for a, b in edges])
        expected = len(onset) * np.array([window.share for window in model.windows])
        assert counts.sum() == len(onset)
        assert len(counts) == 1 or stats.chisquare(counts, expected).pvalue > 1e-3, kind
        for (a, b), count in zip(edges, counts, strict=True):  # evenly inside each window
            if count > 50:
                times = onset[(onset >= a) & (onset < b)]
                assert stats.kstest(times, "uniform", args=(a, b - a)).pvalue > 1e-4, kind


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_later_uniform_is_a_later_time(u: float) -> None:
    windows = (
        Window(start="H 09:00", end="H 13:00", share=0.5),  # out of order, with a gap at noon
        Window(start="H 07:00", end="H 08:00", share=0.2),
        Window(start="H 14:00", end="H 15:00", share=0.3),
    )
    early, late = window_quantile(np.array([u * 0.99, u]), windows)
    assert early <= late
    where = 420 + u / 0.2 * 60 if u < 0.2 else 540 + (u - 0.2) / 0.5 * 240 if u < 0.7 else 840 + (u - 0.7) / 0.3 * 60
    assert late == pytest.approx(where, abs=1e-9)


@given(st.floats(0, 0.9999), st.floats(1e-6, 30))
def test_poisson_counts_are_the_quantiles_of_the_textbook(u: float, mean: float) -> None:
    count = int(poisson_quantile(np.array([u]), np.array([mean]))[0])
    assert stats.poisson.cdf(count, mean) >= u - 1e-9
    assert count == 0 or stats.poisson.cdf(count - 1, mean) <= u + 1e-9


@pytest.mark.parametrize(("kind", "ground"), [("flood", "low_ground"), ("landslide", "steep_ground")])
def test_clusters_strike_their_own_ground_and_as_many_stations_as_the_rate_says(kind: str, ground: str) -> None:
    number, count = KINDS.index(kind), 500
    struck, villages = [], []
    for replication in range(count):
        reports = sample_day(shipped(), 5, replication, "heavy_rain").reports
        rows = reports.kind == number
        struck.append(int(rows.sum()))
        villages += [(replication, v, t) for v, t in zip(
            shipped().stations.village[reports.station[rows]].tolist(), reports.onset_min[rows].tolist(), strict=True
        )]  # fmt: skip
    assert getattr(shipped().villages, ground)[[village for _, village, _ in villages]].all()
    mean = STATIONS * written_rate(kind, "heavy_rain")
    assert abs(np.mean(struck) - mean) < 3.3 * np.std(struck) / np.sqrt(count)
    assert np.var(struck) > 1.5 * mean  # clustered: more uneven than single stations would be
    together = len(villages) / len(set(villages))  # one moment for a whole cluster
    assert together > 1.5


@pytest.mark.parametrize("kind", ["flood", "landslide"])
def test_floods_and_landslides_follow_heavy_rain_in_their_zone(kind: str) -> None:
    number, weather = KINDS.index(kind), FILE["weather"]
    start = shipped().horizon_min[0]
    early = total = 0
    for day in days("heavy_rain"):
        rows = np.flatnonzero(day.reports.kind == number)
        heavy = day.rain_mm >= value(weather["heavy_from_mm_per_h"])
        zone = shipped().villages.rayon[shipped().stations.village[day.reports.station[rows]]]
        wet = heavy[:, zone].any(axis=0)
        assert wet.all() or not wet.any()  # where rain fell only on other ground, the water comes from there
        for onset, where in zip(day.reports.onset_min[rows[wet]].tolist(), zone[wet].tolist(), strict=True):
            lag = onset - (start + 60 * np.flatnonzero(heavy[:, where]))  # since the beginning of each wet hour
            low, high = weather["flood_lag_min"]["low"], weather["flood_lag_min"]["high"]
            assert ((lag >= low) & (lag <= high + 60)).any()
        early += int(np.sum(day.reports.onset_min[rows] < 540))
        total += len(rows)
        assert (day.reports.onset_min[rows] < shipped().horizon_min[1]).all()
    by_nine = sum(window["share"] for window in FILE["incidents"][kind]["windows"][:2])
    assert kind == "landslide" or abs(early / total - by_nine) < 0.12  # storms come early as the windows say


def test_a_cluster_is_a_run_of_stations_each_struck_once() -> None:
    number = KINDS.index("flood")
    sizes = []
    for day in days("heavy_rain"):
        rows = day.reports.kind == number
        where = list(zip(day.reports.onset_min[rows].tolist(), day.reports.station[rows].tolist(), strict=True))
        assert len(set(where)) == len(where)
        for moment in {onset for onset, _ in where}:
            stations = [station for onset, station in where if onset == moment]
            (village,) = set(shipped().stations.village[stations].tolist())
            sizes.append(len(stations) / np.sum(shipped().stations.village == village))
    assert 0.5 < np.mean(sizes) < 0.65 and max(sizes) == 1  # 1 to all, evenly: a little over half


def test_no_station_of_a_village_floods_before_the_others() -> None:
    often = shipped().with_values({"incidents.flood.rate_on.heavy_rain": 0.0199})
    first = last = 0
    for replication in range(100):
        reports = sample_day(often, 5, replication, "heavy_rain").reports
        struck = reports.station[reports.kind == KINDS.index("flood")]
        members = [sampling_tables(often).stations_of_village[v] for v in often.stations.village[struck]]
        first += sum(station == of[0] for station, of in zip(struck, members, strict=True))
        last += sum(station == of[-1] for station, of in zip(struck, members, strict=True))
    low, high = stats.binom.interval(LEVEL, first + last, 0.5)
    assert low <= first <= high and first > 100


def test_no_flood_and_no_false_call_on_another_kind_of_day() -> None:
    for kind, its_day in (("flood", "heavy_rain"), ("landslide", "heavy_rain"), ("hoax_rumour", "rumour")):
        for day_type in {"ordinary", "heavy_rain", "rumour"} - {its_day}:
            assert not any((day.reports.kind == KINDS.index(kind)).any() for day in days(day_type)[:50])


def test_without_exposed_ground_there_is_no_cluster_and_none_is_expected() -> None:
    none = tiny().villages.low_ground * 0
    area = replace(tiny(), villages=replace(tiny().villages, low_ground=none), hash="dry")
    tables = sampling_tables(area)
    assert tables.rate[:, tables.kind("flood")].sum() == 0 < tables.rate[:, tables.kind("landslide")].sum()
    hazard = FILE["incidents"]["landslide"]
    share = value(hazard["dispatch_share"]) * len(area.stations)
    assert expected_weight(area)["heavy_rain"]["hazard"] == pytest.approx(
        written_rate("landslide", "heavy_rain") * share
    )
    for replication in range(50):
        assert not (sample_day(area, 1, replication, "heavy_rain").reports.kind == tables.kind("flood")).any()


def test_marks_lie_within_the_ranges_of_the_file() -> None:
    calls, friction = FILE["calls"], FILE["travel"]["friction"]
    for day_type in ("ordinary", "heavy_rain"):
        for day in days(day_type)[:50]:
            table = day.incidents
            assert (table.noise >= friction["low"] / friction["mode"]).all()
            assert (table.noise <= friction["high"] / friction["mode"]).all()
            assert table.noise.shape[1] == NOISE_SLOTS
            least = calls["detection_min"]["low"] + calls["call_min"]["low"]
            most = calls["detection_min"]["high"] + calls["no_signal_call_min"]["high"]
            assert ((table.report_delay_min >= least) & (table.report_delay_min <= most)).all()
            for number, kind in enumerate(KINDS):
                scene = table.scene_min[table.kind == number]
                written = FILE["incidents"][kind]["on_scene_min"]
                assert ((scene >= written["low"]) & (scene <= written["high"])).all()
                assert not scene.size or (scene.shape[1] == len(LEVELS) and np.ptp(scene, axis=1).max() > 0)


def test_levels_rise_later_and_later_and_never_past_the_last_need() -> None:
    for day in (*days("ordinary")[:60], *days("heavy_rain")[:20]):
        table = day.incidents
        for row in range(len(table)):
            first, last = int(table.level[row]), int(last_level(shipped())[table.kind[row]])
            model = FILE["incidents"][KINDS[table.kind[row]]]
            rise = table.rise_min[row]
            leaves = [] if "rises_after_min" not in model else list(range(first, last))
            assert np.isfinite(rise).nonzero()[0].tolist() == leaves
            steps = np.diff([0.0, *rise[leaves]])
            bound = model.get("rises_after_min", {"low": 0, "high": 0})
            assert all(bound["low"] <= step <= bound["high"] for step in steps)


def test_the_first_level_is_yellow_in_its_share() -> None:
    number = KINDS.index("medical_crew")
    often = shipped().with_values({"incidents.medical_crew.rate_per_station": 0.03})
    drawn = [sample_day(often, 1, replication).incidents for replication in range(80)]
    levels = np.concatenate([table.level[table.kind == number] for table in drawn])
    share = value(FILE["incidents"]["medical_crew"]["starts_yellow_share"])
    low, high = stats.binom.interval(LEVEL, len(levels), share)
    assert low <= (levels == 1).sum() <= high and set(levels.tolist()) == {0, 1}


def test_without_a_signal_the_messenger_walks() -> None:
    delays = np.concatenate([day.incidents.report_delay_min for day in days("ordinary")])
    calls = FILE["calls"]
    longest = calls["detection_min"]["high"] + calls["call_min"]["high"]
    walked = np.sum(delays > longest)
    likely = value(calls["no_signal_share"])
    assert 0.3 * likely < walked / len(delays) < likely * 1.3  # a quick messenger may still beat a slow detection


def test_a_mark_is_the_quantile_of_its_own_uniform() -> None:
    day = days("ordinary")[0]
    tables = sampling_tables(shipped())
    code = tables.kind("late_open")
    row = int(np.flatnonzero(day.incidents.kind == code)[0])
    key = tables.kind_key[code] ^ tables.station_key[day.incidents.station[row] : day.incidents.station[row] + 1]
    scene = FILE["incidents"]["late_open"]["on_scene_min"]
    candidates = [
        triangular(uniforms(stream(1, 0, "scene/0"), key, ordinal), scene["low"], scene["mode"], scene["high"])[0]
        for ordinal in range(4)
    ]
    assert day.incidents.scene_min[row, 0] in candidates


def test_a_station_without_signal_sends_a_messenger_with_every_call_of_the_day() -> None:
    area, everywhere = shipped(), np.arange(len(shipped().stations))
    silent = np.array([without_signal(area, everywhere, 1, replication) for replication in range(40)])
    low, high = stats.binom.interval(LEVEL, silent.size, value(FILE["calls"]["no_signal_share"]))
    assert low <= silent.sum() <= high
    known = replace(area, stations=replace(area.stations, signal=everywhere % 3 - 1), hash="known")
    again = without_signal(known, everywhere, 1, 0)
    assert (again[0::3] == silent[0][0::3]).all() and again[1::3].all() and not again[2::3].any()
    calls, found = FILE["calls"], 0
    for replication in range(40):
        rows = sample_day(area, 1, replication).incidents
        call = rows.report_delay_min - rows.alert_delay_min
        quiet = silent[replication][rows.station]
        assert (call[quiet] >= calls["no_signal_call_min"]["low"] - 1e-9).all()
        assert (call[~quiet] <= calls["call_min"]["high"] + 1e-9).all()
        assert (rows.alert_delay_min >= calls["detection_min"]["low"]).all()
        found += int(quiet.sum())
    assert found > 10


def test_a_flood_in_a_city_is_as_wide_as_that_of_2024() -> None:
    area = shipped_area("kota-tangerang-selatan")
    flood, number = area.settings.incidents["flood"], list(area.settings.incidents).index("flood")
    tables, sizes = sampling_tables(area), np.bincount(area.stations.village, minlength=len(area.villages))
    struck, villages, share = [], [], []
    for replication in range(400):
        rain = draw_rain(area, "heavy_rain", 5, replication)
        where, onset, draws = strikes_of(area, tables, "heavy_rain", 5, replication, rain)[number]
        hit = struck_stations(tables, number, flood, where, onset, draws)[1]
        struck.append(len(hit))
        villages.append(len(where))
        share += (np.bincount(area.stations.village[hit], minlength=len(sizes)) / sizes)[np.unique(where)].tolist()
    mean = len(area.stations) * flood.rate_on["heavy_rain"].mode
    assert abs(np.mean(struck) - mean) < 3.3 * np.std(struck) / np.sqrt(len(struck))
    assert 1.5 < np.mean(villages) < 3.5 and 4 < np.sum(struck) / np.sum(villages) < 7  # three, and 14 to 16 in all
    assert min(share) > 0.02 and np.quantile(share, 0.9) < 0.16  # the same village is seldom struck twice


def test_where_no_share_is_named_a_cluster_is_any_number_of_stations() -> None:
    flood, sizes = shipped().settings.incidents["flood"], np.array([1, 8, 70])
    assert flood.cluster_share is None and mean_hits(flood, sizes).tolist() == [1.0, 4.5, 35.5]
    assert hits_of(flood, np.array([0.0, 0.999]), np.array([8, 8])).tolist() == [1, 8]
    city = shipped_area("kota-tangerang-selatan").settings.incidents["flood"]
    u = (np.arange(5000) + 0.5) / 5000
    for size in sizes.tolist():
        drawn = hits_of(city, u, np.full(len(u), size)).mean()
        assert mean_hits(city, np.array([size]))[0] == pytest.approx(drawn, abs=0.01)
