"""Every command of ``docs/what-if.md`` runs, in the order of the page, on a small area in place of the shipped one."""

import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from simsec.cli.main import app
from simsec.plan.files import read_plan
from simsec.scenario import read_scenario
from tests.areas import tiny_folder

PAGE = (Path(__file__).parents[1] / "docs" / "what-if.md").read_text("utf-8")
SMALL = {
    "scenarios/kabupaten-semarang": "sukamaju",
    "kabupaten-semarang": "sukamaju",
    "polres-33.22.18": "polres-9.1",
    "polsek-33.22.04": "polsek-9.2",
}


def small(text: str) -> str:
    for name, other in SMALL.items():
        text = text.replace(name, other)
    return text


def commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.S)
    return [shlex.split(small(line))[1:] for block in blocks for line in block.splitlines()]


def test_the_commands_answer_as_the_page_says(few_days: None, tmp_path: Path) -> None:
    tiny_folder(tmp_path / "sukamaju")
    Path("locked.csv").write_text(small(re.search(r"```csv\n(.*?)```", PAGE, re.S)[1]), encoding="utf-8")
    told = []
    for words in commands():
        more = ["--days", "4"] if words[0] == "compare" else []
        result = CliRunner().invoke(app, [*words, *more, "--workers", "1", "--lang", "en"])
        assert result.exit_code == 0, (words, result.stderr)
        told.append(result.stdout)
    less, _, locked, rain, wet, moved, few = told
    assert "25 police instead of the announced 28" in less
    assert "Locked by hand: 2 " in locked and "Polsek Karangasri" in locked
    area = read_scenario("sukamaju")
    assert read_plan(Path("runs/locked/optimize-sukamaju/plan"), area).squads["polsek-9.2"] == 2
    assert all("Only one type of day counts here: heavy rain" in text for text in (rain, wet))
    assert read_plan(Path("runs/moved/plan-sukamaju"), area).squads == {"polres-9.1": 1, "polsek-9.2": 2}
    assert "20:polres-9.1:polsek-9.2" in moved and "Written to" in few
