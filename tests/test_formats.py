"""The pages of docs/formats say what the code declares."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_pages_are_what_the_code_declares() -> None:
    spec = importlib.util.spec_from_file_location("formats", ROOT / "tools" / "formats.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    written = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "formats").iterdir()}
    assert written == tool.pages(), "run: python tools/formats.py"
