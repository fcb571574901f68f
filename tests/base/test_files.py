"""Files appear whole or not at all."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from simsec.base.errors import RunError
from simsec.base.files import content_hash, whole_file, write_text


def test_a_failure_half_way_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), whole_file(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["plan.toml"]


def test_a_full_disk_is_a_run_error_and_leaves_nothing(tmp_path: Path) -> None:
    code = textwrap.dedent(
        f"""
        import resource, signal, sys
        from pathlib import Path
        from simsec.base.errors import RunError
        from simsec.base.files import write_text
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write_text(Path({str(tmp_path)!r}) / "report.html", "x" * 5000)
        except RunError as error:
            sys.exit(7 if "report.html" in str(error) else 8)
        """
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 7
    assert list(tmp_path.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000 and signal.SIGXFSZ


def test_private_files_are_the_owners_alone(tmp_path: Path) -> None:
    write_text(tmp_path / "plan.toml", "internal", private=True)
    write_text(tmp_path / "summary.html", "public")
    assert (tmp_path / "plan.toml").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "summary.html").stat().st_mode & 0o777 == 0o644


def test_an_unwritable_place_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="cannot write"):
        write_text(tmp_path / "file" / "plan.toml", "text")


def test_hashes_tell_where_one_part_ends() -> None:
    assert content_hash("ab", "c") != content_hash("a", "bc")
    assert content_hash("a") == content_hash(b"a")
    assert len(os.fsencode(content_hash("a"))) == 16
