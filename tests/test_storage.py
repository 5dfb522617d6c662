"""Files of any kind: all of a file appears, or none of it."""

import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from tiedtts import storage
from tiedtts.errors import OutputError


def test_write_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    storage.write_bytes(path, b"first")
    storage.write_bytes(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_mode_follows_the_mask(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    before = os.umask(0o027)
    try:
        storage.write_bytes(path, b"x")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.bin"
    storage.write_bytes(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match=r"^cannot write .*x.bin: No space left on device$"):
        storage.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        storage.write_bytes(tmp_path / "x.bin", b"new")
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory") as error:
        storage.write_bytes(tmp_path / "no" / "x.bin", b"x")
    assert error.value.hint is not None


def test_folder_in_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Is a directory"):
        storage.write_bytes(tmp_path, b"x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="Not a directory"):
        storage.write_bytes(tmp_path / "file" / "x.bin", b"x")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_is_locked(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        storage.write_bytes(tmp_path / "x.bin", b"x")


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no devices here")
def test_devices_are_written_to(tmp_path: Path) -> None:
    """Through a link, so that a mistake replaces the link and not the machine's own device."""
    path = tmp_path / "null"
    path.symlink_to("/dev/null")
    storage.write_bytes(path, b"x")
    assert path.is_symlink()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_full_device(tmp_path: Path) -> None:
    path = tmp_path / "full"
    path.symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"^cannot write .*/full: No space left on device$"):
        storage.write_bytes(path, b"x")
    assert path.is_symlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_named_pipes_are_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()))
    reader.start()
    storage.write_bytes(path, b"through")
    reader.join(5)
    assert received == [b"through"]


def test_names_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 251 + ".bin")
    storage.check_writable(path)
    storage.write_bytes(path, b"1")
    assert path.read_bytes() == b"1"
    assert [inner.name for inner in tmp_path.iterdir()] == [path.name]
    for name in ("x" * 300 + ".bin", "a\0b"):
        with pytest.raises(OutputError, match=r"^cannot write"):
            storage.check_writable(tmp_path / name)


@pytest.mark.skipif(sys.platform == "win32", reason="no links without a right, no named pipes")
def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "a.bin").symlink_to("victim")
    storage.write_bytes(tmp_path / "a.bin", b"1")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "a.bin").is_symlink()


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_named_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    storage.write_bytes(tmp_path / "pipe", b"1")
    reader.join(10)
    assert got == [b"1"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.skipif(sys.platform == "win32", reason="no such paths")
def test_descriptors_are_written_to(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        file.write(b"first ")
        file.flush()
        place = Path(f"/dev/fd/{file.fileno()}")
        storage.check_writable(place)
        storage.write_bytes(place, b"second")
    assert (tmp_path / "log").read_bytes() == b"first second"


def test_all_is_on_the_disk_before_a_file_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    replace = os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: told.append("synced"))
    monkeypatch.setattr(os, "replace", lambda *names: (told.append("replaced"), replace(*names)))
    storage.write_bytes(tmp_path / "a", b"1")
    assert told == ["synced", "replaced"]
    storage.write_bytes(tmp_path / "a", b"2", sync=False)
    assert told == ["synced", "replaced", "replaced"]
