"""Files that appear whole or not at all, and the hashes that tell which content made a result."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from simsec.base.errors import RunError, say, system_words


@contextmanager
def whole_file(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Give a temporary path to write to; on success it is fsynced and renamed to ``path``, on failure it is removed.

    Args:
        path: the final name; its folder is made when missing.
        private: readable by the owner only, where the system has file modes.

    Raises:
        RunError: the folder cannot be written, or the disk is full.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> with whole_file(folder / "note.txt") as path:
        ...     _ = path.write_text("whole", encoding="utf-8")
        >>> [file.name for file in folder.iterdir()]
        ['note.txt']
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o600 if private else 0o644)
        _rename(temporary, path)
    except OSError as error:
        template = "{path}: cannot write ({why}). Free some space or choose another folder."
        raise RunError(say(template, path=path, why=system_words(error))) from error
    finally:
        if temporary is not None and temporary.exists():
            temporary.unlink()


def _rename(temporary: Path, path: Path) -> None:
    """Rename; a file that another program holds open (Excel on Windows) gets a new name beside it, and that is said."""
    try:
        temporary.replace(path)
    except PermissionError as error:
        beside = path.with_name(f"{path.stem}-{temporary.stem.lstrip('.')}{path.suffix}")
        temporary.replace(beside)
        template = "{path}: another program holds it open; the new version stands beside it as {name}"
        raise RunError(say(template, path=path, name=beside.name)) from error


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write UTF-8 text, whole or not at all.

    Raises:
        RunError: as :func:`whole_file`.
    """
    with whole_file(path, private=private) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_with(path: Path, writer: Callable[[Path], object], *, private: bool = False) -> None:
    """Let a library write a file by name, whole or not at all (figures, workbooks, Parquet).

    Raises:
        RunError: as :func:`whole_file`.
    """
    with whole_file(path, private=private) as temporary:
        writer(temporary)


def cache_folder() -> Path:
    """Where this user's caches belong on this system; not made until something is kept there.

    Example:
        >>> cache_folder().name
        'simsec'
    """
    named = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(named) if named else Path.home() / ".cache") / "simsec"


def content_hash(*parts: bytes | str) -> str:
    """SHA-256 over the parts in order, as 16 hexadecimal digits: enough to tell inputs apart.

    Example:
        >>> content_hash("a", b"b") == content_hash("a", "b") != content_hash("ab")
        True
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:16]
