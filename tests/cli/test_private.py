"""Nothing is sent and nothing is written but the output: every command, watched from outside."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.corpus import corpora
from tiedtts_cli.main import app

ROOT = Path(__file__).parents[2]
STAGE = "steps = 2\nlearning_rate = 1e-3\n"
RECIPE = f"""
evaluate_every = 2
illustrate_every = 2
[aligner]
batch_size = 2
net = {{ width = 8, blocks = 1 }}
[[aligner.stages]]
{STAGE}
[acoustic]
batch_size = 2
net = {{ width = 8, encoder_blocks = 1, variance_blocks = 1, decoder_blocks = 1 }}
[[acoustic.stages]]
{STAGE}
[vocoder]
batch_size = 2
segment_frames = 16
net = {{ width = 8, blocks = 1 }}
[[vocoder.stages]]
{STAGE}
"""
LIGHT = (
    ("synth", "Hello there.", "-o", "hello.wav", "--timestamps", "srt", "-q"),
    ("synth", "-i", "lines.txt", "-d", "spoken", "--workers", "2", "-q"),
    ("explain", "Dr. Smith read 3.5 GB."),
    ("voices",),
    ("distil", "lines.txt", "-o", "texts.txt", "--pick", "2", "-q"),
    (
        "distil",
        "lines.txt",
        "-o",
        "spoken-by",
        "--command",
        "cp corpus/wavs/r0.wav {output}",
        "--no-listen",
        "-q",
    ),
)
"""Commands that are run in a process each."""
HEAVY = (
    ("prepare", "corpus", "-o", "data", "--workers", "2", "-q"),
    ("train", "data", "-o", "run", "--recipe", "small.toml", "--threads", "1", "-q"),
    ("export", "run/voice.safetensors", "-o", "voice.onnx", "-q"),
    ("eval", "voice.onnx", "data", "--limit", "1", "-q"),
    (
        "tie",
        "run/voice.safetensors",
        "-o",
        "tied.safetensors",
        "--scheme",
        "codebook",
        "--layers",
        "*expand",
        "-q",
    ),
    ("untie", "tied.safetensors", "-o", "plain.safetensors", "-q"),
    ("suggest", "run/voice.safetensors", "-o", "plan.toml", "--max-error", "1", "-q"),
    ("stats", "run/voice.safetensors", "voice.onnx", "--plot", "saved.png"),
)
"""Commands that need torch, which takes longer to load than all of them to run: one process runs them all."""
CALLS = "socket,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mknod,mknodat"
"""System calls that reach for a network or make something in a folder."""
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|^(?!open)")


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


WATCH = ("strace", "--seccomp-bpf", "-f", "-qq", "-e", f"trace={CALLS}", "-e", "signal=none", "-o")
STRACE = works(*WATCH, os.devnull, "true")
UNSHARE = works("unshare", "-rn", "true")
"""A network namespace without any network."""


def written(trace: str, folder: Path) -> set[Path]:
    """Return what calls made or opened to write, as far as they succeeded."""
    made = set()
    for line in re.sub(r" <unfinished \.\.\.>", ") = 0", trace).splitlines():
        call = re.search(r"(\w+)\((.*)\) += (-?\d+)", line)
        if call is None or int(call[3]) < 0 or call[1] == "socket":
            continue
        if _WRITES.search(f"{call[1]} {call[2]}"):
            # The last name is that of the thing made; one relative to an open folder shows as such.
            place = re.findall(r'(?:(\w+), )?"((?:[^"\\]|\\.)*)"', call[2])[-1]
            outside = place[0].isdigit() and not place[1].startswith("/")
            made.add(Path(f"/unknown/{place[1]}") if outside else folder / place[1])
    return made


def test_traces_are_understood() -> None:
    trace = """
1 openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3
1 openat(AT_FDCWD, "a.wav", O_RDWR|O_CREAT, 0600) = 3
1 openat(AT_FDCWD, "/none/b", O_WRONLY|O_CREAT, 0666) = -1 ENOENT (No such file or directory)
2 openat(6, "deviceid", O_WRONLY|O_CREAT, 0600) = 7
2 openat(AT_FDCWD, "/c", O_WRONLY|O_CREAT, 0666 <unfinished ...>
2 mkdir("/home/x/.cache", 0700) = 0
2 rename("d", "/e") = 0
2 renameat(AT_FDCWD, "d", AT_FDCWD, "f") = 0
"""
    names = ["/here/a.wav", "/unknown/deviceid", "/c", "/home/x/.cache", "/e", "/here/f"]
    assert written(trace, Path("/here")) == {Path(name) for name in names}


class Watched:
    """A folder in which commands are run as a user does, with an empty home, and watched."""

    def __init__(self, root: Path) -> None:
        self.work, self.home, self.temporary = root / "work", root / "home", root / "temporary"
        for folder in (self.work, self.home, self.temporary):
            folder.mkdir()
        self.script = root / "tiedtts"
        self.script.write_text(
            "import json, sys\nfrom tiedtts_cli.main import main\nif __name__ == '__main__':\n"
            "    for command in json.loads(sys.argv[1]):\n"
            "        status = main(command)\n"
            "        assert status == 0, command\n"
        )

    def run(self, *commands: Sequence[str]) -> set[Path]:
        """Run commands in one process and return what they made outside the folder."""
        trace = self.script.with_name("trace")
        watch = [*WATCH, str(trace)] if STRACE else ["unshare", "-rn"]
        # Nothing else: `CI`, for one, would let some libraries behave better than they do elsewhere.
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "models"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
        }
        done = subprocess.run(
            [*watch, sys.executable, str(self.script), json.dumps(commands)],
            cwd=self.work,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), commands
        if not STRACE:
            return set()
        calls = trace.read_text(encoding="utf-8", errors="replace")
        assert [line for line in calls.splitlines() if "socket(" in line] == []
        return {
            path
            for path in written(calls, self.work)
            if not any(path.is_relative_to(place) for place in (self.work, self.temporary, "/dev"))
        }


@pytest.mark.skipif(not (STRACE or UNSHARE), reason="neither strace nor a network namespace is to be had")
def test_every_command(tmp_path: Path) -> None:
    # Two listen, to a network and to a screen reader; what they leave has tests of its own.
    commands = {command.name for command in app.registered_commands} - {"serve", "speechd"}
    assert {command[0] for command in (*LIGHT, *HEAVY)} == commands
    watched = Watched(tmp_path)
    corpora.ljspeech(watched.work / "corpus", 9)
    (watched.work / "lines.txt").write_text("a|One.\nb|Two.\n")
    (watched.work / "small.toml").write_text(RECIPE)
    for together in (*((command,) for command in LIGHT), HEAVY):
        assert watched.run(*together) == set(), together
        assert list(watched.home.rglob("*")) == [], together
        assert list(watched.temporary.rglob("*")) == [], together
    for made in ("hello.srt", "spoken/b.wav", "voice.onnx", "tied.safetensors", "plan.toml", "saved.png"):
        assert (watched.work / made).is_file(), made


@pytest.mark.skipif(shutil.which("strace") is None or not STRACE, reason="strace is not to be had")
def test_the_watch_sees_sockets_and_files(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.script.write_text("import os; open(os.environ['HOME'] + '/x', 'w').close()\n")
    assert watched.run() == {watched.home / "x"}
    watched.script.write_text("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()\n")
    with pytest.raises(AssertionError):
        watched.run()


def test_a_wish_of_the_user_counts(tmp_path: Path) -> None:
    code = "import os, tiedtts; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    for environment, told in (({}, "1"), ({"ORT_DISABLE_TELEMETRY": "0"}, "0")):
        kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**kept, "PYTHONPATH": str(ROOT / "models"), **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == told
