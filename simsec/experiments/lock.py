"""One writer a run folder: a lock of the operating system, which dies with its holder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simsec.base.errors import RunError, say, system_words


class Busy(RunError):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file while something is written beside it.

    The file itself stays and means nothing; what counts is the lock that the system keeps for this process.

    Args:
        path: of the lock file, made when missing.

    Raises:
        Busy: another process holds it.
        RunError: the file cannot be made.

    Example:
        >>> from tempfile import mkdtemp
        >>> with locked(Path(mkdtemp()) / ".lock"):
        ...     pass
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        template = "{path}: cannot make a run folder ({why}). Choose another --out."
        raise RunError(say(template, path=path.parent, why=system_words(error))) from error
    try:
        if not _take(handle):
            template = "{path}: another process is writing into this folder; wait for it, or choose another --out"
            raise Busy(say(template, path=path.parent))
        yield
    finally:
        os.close(handle)  # and with it the lock


if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
