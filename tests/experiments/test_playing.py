"""What an experiment plays: the same days at every point, the same rows on any workers, and failures as rows."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from simsec.analysis.intervals import stratified_mean
from simsec.analysis.replications import day_keys, primary_measure, replicate, strata
from simsec.base.errors import InputError
from simsec.day.sampling import sample_day
from simsec.experiments.answers import Answers, open_sweep
from simsec.experiments.factors import changed
from simsec.experiments.playing import cell_seed, chunks_of, job_of, ready
from simsec.experiments.reading import read_experiment
from simsec.experiments.runner import open_executor, run_job
from simsec.plan import doctrine
from simsec.scenario import read_scenario
from simsec.scenario.noisy_labels import noisy_labels
from simsec.scenario.schema import CLASSES
from tests.experiments.files import HEAD, written
from tests.experiments.stub import parts

FRICTION = '[[factors]]\npath = "travel.friction"\nlevels = [1.4, 1.9]\n'


def swept(path: Path, out: Path, workers: int = 1) -> Answers:
    with open_executor(workers) as executor:
        run_job(job_of(read_experiment(path)), out, executor, workers=workers)
    return open_sweep(out)


def test_the_rows_of_a_sweep_are_those_of_replicate_and_its_measure_is_the_primary_one(tmp_path: Path) -> None:
    path = written(tmp_path, "days = { ordinary = 3, severe = 3 }\nbatch = 4\n" + FRICTION)
    world = changed(read_scenario(tmp_path / "sukamaju"), {"travel.friction": 1.9})
    runs = replicate(world, doctrine(world), {"ordinary": 3, "severe": 3})
    with swept(path, tmp_path / "run") as answers:
        rows = answers.table("select * from runs where cell = 1 order by day_type, replication").to_pydict()
        measure = answers.by_cell("security_measure", "announced")[1]
        minutes = answers.by_cell("security_weighted_min", "announced")[1]
        points = answers.points.fetchall()
    assert rows["security_weighted_min"] == runs.weighted[:, 0].tolist()
    assert rows["medical_count"] == runs.count[:, 1].tolist()
    assert [row[1] for row in points] == ["sukamaju", "sukamaju"]
    wanted = primary_measure(world, runs.weighted[:, 0], runs.stratum, "security", "ordinary", "severe")
    assert measure == pytest.approx(wanted.mean, rel=1e-12)
    likely = stratified_mean(runs.weighted[:, 0], runs.stratum, strata(world, "ordinary", "severe"))
    assert minutes == pytest.approx(likely.mean, rel=1e-12)


def test_results_are_the_same_bytes_on_any_number_of_workers(tmp_path: Path) -> None:
    path = written(tmp_path, "days = 6\nbatch = 10\nincidents = true\n" + FRICTION)
    swept(path, tmp_path / "one")
    swept(path, tmp_path / "two", 2)
    found = parts(tmp_path / "one")
    assert len([name for name in found if "runs" in name]) == 2 * 3  # 24 days a point, at most 10 a task
    assert parts(tmp_path / "two") == found


def test_days_are_nested_a_longer_sweep_begins_with_the_shorter_one(tmp_path: Path) -> None:
    query = "select * from runs where day_type = 'severe' and replication < 300003 order by cell, replication"
    with swept(written(tmp_path, "days = 3\n" + FRICTION), tmp_path / "short") as answers:
        short = answers.table(query).to_pylist()
    with swept(written(tmp_path, "days = 5\n" + FRICTION), tmp_path / "long") as answers:
        assert answers.table(query).to_pylist() == short


def test_points_meet_the_same_days_and_their_difference_is_known_much_better_for_it(tmp_path: Path) -> None:
    days = 'days = { severe = 60 }\nmeasures = ["security_weighted_min", "security_count"]\n'
    ratio = []
    for coupled in ("true", "false"):
        path = written(tmp_path, f"{days}coupled = {coupled}\n{FRICTION}")
        with swept(path, tmp_path / coupled) as answers:
            found = answers.table("select cell, security_weighted_min as x from runs order by cell, replication")
        low, high = (np.array(found["x"])[np.array(found["cell"]) == cell] for cell in (0, 1))
        ratio.append((np.var(low) + np.var(high)) / np.var(high - low))
    assert ratio[0] > 4 and 0.5 < ratio[1] < 2, ratio  # measured 5.0 and 0.9


def test_a_raised_rate_adds_incidents_and_moves_none(tmp_path: Path) -> None:
    body = 'days = { ordinary = 40 }\nincidents = true\n[[factors]]\n'
    body += 'path = "incidents.queue_dispute.rate_per_station"\n'
    with swept(written(tmp_path, body + "levels = [0.005, 0.01]\n"), tmp_path / "run") as answers:
        query = "select replication, kind, onset_min from incidents where kind = 'queue_dispute' and cell = "
        few, many = (set(map(tuple, answers.sql(f"{query}{cell}").fetchall())) for cell in (0, 1))
    assert few < many


def test_points_of_their_own_days_take_another_seed_each(tmp_path: Path) -> None:
    experiment = read_experiment(written(tmp_path, "days = 1\ncoupled = false\n" + FRICTION))
    assert len({cell_seed(experiment, cell) for cell in range(2)} | {1}) == 3


def test_a_plan_that_cannot_be_staffed_at_a_point_is_rows_of_the_failure_table(tmp_path: Path) -> None:
    body = "days = { ordinary = 3 }\n[[plans]]\ndoctrine = 6\n[[plans]]\ndoctrine = 12\n"
    body += '[[factors]]\npath = "forces.police"\nlevels = [28, 10]\n'
    with swept(written(tmp_path, body), tmp_path / "run") as answers:
        runs = answers.table("select cell, plan, count(*) as n from runs group by all order by all").to_pylist()
        failed = answers.table("select cell, plan, seed, replication, message from failures").to_pylist()
    kept = {(row["cell"], row["plan"]): row["n"] for row in runs}
    lost = {(row["cell"], row["plan"], row["replication"]) for row in failed}
    assert sum(kept.values()) + len(lost) == 12 and lost
    assert (1, "2:6", 0) in lost and kept[0, "2:12"] == 3
    assert all("officers" in row["message"] and row["seed"] == 1 for row in failed)


def test_a_plan_follows_the_strength_and_the_block_size_of_its_point(tmp_path: Path) -> None:
    body = "days = { ordinary = 2 }\n[[plans]]\ndoctrine = 8\n"
    body += '[[factors]]\npath = "plan.tps_per_pair"\nlevels = [8, 16]\n'
    with swept(written(tmp_path, body), tmp_path / "run") as answers:
        rows = answers.table('select cell, "plan.tps_per_pair" as size from points order by cell').to_pylist()
        assert [row["size"] for row in rows] == [8, 16]
        assert answers.table("select count(*) as n from runs")["n"][0].as_py() == 4
        one, two = (answers.by_cell("logistics_weighted_min", "2:8") for _ in range(2))
    assert np.array_equal(one, two)


def test_a_precision_is_reached_at_every_point_and_days_begin_alike(tmp_path: Path) -> None:
    body = "[precision]\nrelative = 0.5\nmost_days = 600\nfirst = 20\n" + FRICTION
    path = written(tmp_path, body)
    with swept(path, tmp_path / "run") as answers:
        rows = answers.table("select cell, day_type, count(*) as n from runs group by all").to_pylist()
        twice = answers.table("select count(*) as n from (select distinct cell, seed, replication from runs)")
    assert min(row["n"] for row in rows) >= 20
    assert sum(row["n"] for row in rows) == twice["n"][0].as_py()
    assert max(sum(row["n"] for row in rows if row["cell"] == cell) for cell in (0, 1)) <= 600


def test_incidents_stop_at_the_sub_district(tmp_path: Path) -> None:
    path = written(tmp_path, "days = 4\nincidents = true\n")
    with swept(path, tmp_path / "run") as answers:
        names = answers.table("select * from incidents limit 0").column_names
        sectors = answers.table("select distinct subdistrict from incidents").to_pydict()["subdistrict"]
        waits = answers.table("select waited_min, response_min from incidents").to_pydict()
    assert "station" not in names and set(sectors) <= {"Sukamaju", "Karangasri"}
    assert all(r is None or r == w for w, r in zip(waits["waited_min"], waits["response_min"], strict=True))


def test_an_unknown_measure_and_a_wrong_question_are_told(tmp_path: Path) -> None:
    with swept(written(tmp_path, "days = 1\n"), tmp_path / "run") as answers:
        with pytest.raises(InputError, match="no such measure"):
            answers.by_cell("minutes", "announced")
        with pytest.raises(InputError, match="query"):
            answers.table("select minutes from runs")
    with pytest.raises(InputError, match="no folder of a sweep"):
        open_sweep(tmp_path)


def test_a_cell_whose_scenario_is_none_is_failures_and_not_the_end(tmp_path: Path) -> None:
    body = 'days = { ordinary = 1 }\n[[factors]]\npath = "day_types.heavy_rain"\nlevels = [0.1, 0.6]\n'
    body += '[[factors]]\npath = "day_types.rumour"\nlevels = [0.1, 0.6]\n'  # alone each is possible, not both
    with swept(written(tmp_path, body), tmp_path / "run") as answers:
        assert answers.runs.fetchall() and len(answers.failures.fetchall()) == 1
        assert answers.table("select cell from failures")["cell"].to_pylist() == [3]
        assert answers.table("select count(*) as n from summary")["n"][0].as_py() == 3
        assert np.isnan(answers.by_cell("security_measure", "announced")).tolist() == [False] * 3 + [True]


def test_the_days_of_a_chunk_are_the_days_of_the_whole(tmp_path: Path) -> None:
    from simsec.experiments.playing import Shared, keys_of

    experiment = read_experiment(written(tmp_path, "days = 7\n", HEAD))
    shared = Shared(experiment, (0, 3))
    assert sum((keys_of(shared, 0, chunk, 3) for chunk in range(3)), ()) == day_keys(experiment.days(0), (1,))


def test_a_plan_is_optimised_again_at_each_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = dict.fromkeys(("ordinary", "heavy_rain", "rumour", "severe"), 2)
    monkeypatch.setattr("simsec.experiments.playing.SEARCH_DAYS", few)
    body = "days = { ordinary = 2, severe = 2 }\nbatch = 1\n[[plans]]\noptimise = true\n[[plans]]\ndoctrine = 12\n"
    path = written(tmp_path, body + '[[factors]]\npath = "forces.police"\nlevels = [24, 28]\n')
    with swept(path, tmp_path / "run") as answers:
        assert answers.table("select count(*) as n from failures")["n"][0].as_py() == 0
        rows = answers.table("select plan, count(*) as n from runs group by plan order by plan").to_pylist()
        tasks = answers.manifest["tasks"]
    assert [(row["plan"], row["n"]) for row in rows] == [("2:12", 8), ("optimised", 8)]
    assert tasks == 2  # a point is one task, so that no plan is searched for twice


def test_a_plan_folder_is_played_and_checked_at_every_point(tmp_path: Path) -> None:
    from simsec.plan.files import write_plan

    body = "days = { severe = 3 }\n"
    written(tmp_path, body)
    area = read_scenario(tmp_path / "sukamaju")
    write_plan(tmp_path / "ours", doctrine(area, 12), area)
    plans = '[[plans]]\nfolder = "ours"\n[[plans]]\ndoctrine = 12\n'
    path = written(tmp_path, body + plans + '[[factors]]\npath = "forces.police"\nlevels = [28, 8]\n')
    with swept(path, tmp_path / "run") as answers:
        both = {plan: answers.by_cell("security_weighted_min", plan) for plan in ("ours", "2:12")}
        failed = {row[0] for row in answers.sql("select distinct plan from failures where cell = 1").fetchall()}
    assert both["ours"][0] == both["2:12"][0] > 0  # the same placement
    assert failed == {"ours"} and np.isnan(both["ours"][1])  # doctrine shrinks with its strength, a given plan does not


def test_random_labels_decide_where_severe_events_strike_and_what_a_plan_sees(tmp_path: Path) -> None:
    body = "days = { severe = 2 }\n[[plans]]\ndoctrine = 12\n[[plans]]\ndoctrine = 12\nlabels = false\nname = 'blind'\n"
    body += '[[factors]]\npath = "labels.miss"\nlevels = [0.0, 1.0]\n'
    body += '[[factors]]\npath = "labels.high_share"\nlevels = [0.05, 0.1]\n'
    job = job_of(read_experiment(written(tmp_path, body)))
    area, low = read_scenario(tmp_path / "sukamaju"), CLASSES.index("low")
    crowd = list(area.settings.incidents).index(area.settings.spreading.kind)
    for cell, (miss, share) in enumerate([(0.0, 0.05), (0.0, 0.1), (1.0, 0.05), (1.0, 0.1)]):
        made = ready(job.shared, cell)
        classes = made.world.stations.station_class
        assert (classes == noisy_labels(area, 1, 0.0, share).stations.station_class).all()
        struck = [sample_day(made.world, 1, day, "severe").incidents for day in range(5)]
        first = {int(day.station[day.kind == crowd][0]) for day in struck}
        assert {bool(classes[station] == low) for station in first} == {miss == 1.0}
        sees, blind = made.plans.values()
        size = np.bincount(sees.block)[sees.block]
        assert set(size[classes == CLASSES.index("high")].tolist()) == {1}
        assert np.bincount(blind.block)[blind.block][classes == CLASSES.index("high")].max() > 1


def test_a_labelled_scenario_is_never_stored_under_its_own_name(tmp_path: Path) -> None:
    body = "days = { ordinary = 1 }\n[[factors]]\npath = 'labels.high_share'\nlevels = [0.1]\n"
    job = job_of(read_experiment(written(tmp_path, body)))
    assert ready(job.shared, 0).world.settings.name == "sukamaju-random-labels"
    with swept(tmp_path / "demo.toml", tmp_path / "run") as answers:
        names = {name for table in ("runs", "points") for name in answers.table(f"select * from {table}").column_names}
    assert not [name for name in names if "station_class" in name or "village" in name]


def test_tasks_are_many_enough_for_many_cores_and_each_is_worth_making_ready(tmp_path: Path) -> None:
    for days, cells in product((1, 20, 60, 400, 20_000), (1, 3, 20, 64, 200, 5000)):
        each = chunks_of(days, cells, None)
        assert each * cells >= min(64, days // 20 * cells) and days / each <= 200
        assert each == 1 or days / each >= 20
    assert chunks_of(401, 3, 200) == 3
    body = "days = { ordinary = 90 }\n"
    assert job_of(read_experiment(written(tmp_path, body))).tasks == 4
    assert job_of(read_experiment(written(tmp_path, body + "batch = 9\n"))).tasks == 10
