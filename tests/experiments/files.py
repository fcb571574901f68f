"""Experiment files over the tiny area."""

from pathlib import Path

from tests.areas import tiny_folder

HEAD = 'format = 1\nname = "demo"\nscenarios = ["sukamaju"]\n'


def written(folder: Path, body: str, head: str = HEAD) -> Path:
    """An experiment file beside the tiny area."""
    if not (folder / "sukamaju").exists():
        tiny_folder(folder / "sukamaju")
    path = folder / "demo.toml"
    path.write_text(head + body, encoding="utf-8")
    return path
