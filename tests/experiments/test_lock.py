"""The lock of a run folder: one holder, and a dead one never blocks; on Windows too, whose rules are played here."""

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from simsec.base.errors import RunError
from simsec.experiments import lock

HOLDS = """
import sys, time
from pathlib import Path
from simsec.experiments.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


class Windows(ModuleType):
    """Byte locks as ``msvcrt.locking`` keeps them: by file and byte, refused to every other handle, gone with it."""

    LK_LOCK, LK_NBLCK, LK_UNLCK = 1, 2, 0

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.held: dict[tuple[int, int], int] = {}  # file and byte -> handle

    def locking(self, handle: int, mode: int, count: int) -> None:
        assert mode == self.LK_NBLCK and count == 1  # the other modes wait ten seconds, or open
        byte = (os.fstat(handle).st_ino, os.lseek(handle, 0, os.SEEK_CUR))
        if byte in self.held:
            raise PermissionError(13, "Permission denied")
        self.held[byte] = handle

    def close(self, handle: int) -> None:
        """What the system does when a handle is closed, by its process or by its death."""
        self.held = {byte: holder for byte, holder in self.held.items() if holder != handle}


@pytest.fixture
def on_windows(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, Windows]:
    """The module as Windows imports it."""
    system = Windows()
    monkeypatch.setitem(sys.modules, "msvcrt", system)
    monkeypatch.setattr(sys, "platform", "win32")
    spec = importlib.util.spec_from_file_location("lock_on_windows", lock.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.undo()

    class Os:
        """The system's calls, with the locks that closing a handle ends."""

        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

        def close(self, handle: int) -> None:
            os.close(handle)
            system.close(handle)

    module.os = Os()
    return module, system


def test_on_windows_a_second_holder_is_refused_and_the_next_one_is_not(
    on_windows: tuple[ModuleType, Windows], tmp_path: Path
) -> None:
    module, system = on_windows
    with module.locked(tmp_path / ".lock"):
        assert len(system.held) == 1
        with pytest.raises(module.Busy, match="another process is writing"), module.locked(tmp_path / ".lock"):
            pass
        assert len(system.held) == 1  # who was refused takes nothing away from who holds it
        with module.locked(tmp_path / ".other"):
            assert len(system.held) == 2
    assert not system.held
    with module.locked(tmp_path / ".lock"):
        pass


def test_on_windows_every_holder_locks_the_same_byte_whatever_the_file_holds(
    on_windows: tuple[ModuleType, Windows], tmp_path: Path
) -> None:
    module, system = on_windows
    (tmp_path / ".lock").write_text("left by an older version")
    with module.locked(tmp_path / ".lock"):
        assert [byte for _, byte in system.held] == [0]


def test_on_windows_a_dead_holder_never_blocks(on_windows: tuple[ModuleType, Windows], tmp_path: Path) -> None:
    module, system = on_windows
    held = module.locked(tmp_path / ".lock")
    held.__enter__()
    (handle,) = system.held.values()
    system.close(handle)  # the process is gone: the system closes what it had open
    with module.locked(tmp_path / ".lock"):
        assert len(system.held) == 1
    assert (tmp_path / ".lock").exists()  # the file alone means nothing
    held.__exit__(None, None, None)


def test_a_lock_of_this_system_dies_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(lock.Busy), lock.locked(path):
            pass
    finally:
        holder.kill()
        holder.communicate(timeout=20)
    end = time.monotonic() + 10
    while True:
        try:
            with lock.locked(path):
                return
        except lock.Busy:
            assert time.monotonic() < end


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot make a run folder"), lock.locked(tmp_path / "nowhere" / ".lock"):
        pass
