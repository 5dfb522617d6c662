"""Turns of threads: as many at once as there are cores, in order, and nobody waits for ever."""

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tiedtts import processes
from tiedtts.audio.settings import AudioSettings
from tiedtts.speech import turns
from tiedtts.speech.renderer import Rendering
from tiedtts.speech.turns import Turns
from tiedtts.speech.voice import Voice


class Counting:
    """A renderer that takes a moment, and counts how many are at work."""

    name = "counting"
    audio = AudioSettings()

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0

    def render(self, sentence: object, *, speed: np.ndarray, **_: object) -> Rendering:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.005)
        with self.lock:
            self.now -= 1
        frames = np.full(len(speed), 3, np.int64)
        return Rendering(np.ones(3 * len(speed) * self.audio.hop, np.float32), frames)


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_no_more_sentences_at_once_than_cores(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns.TURNS, "most", lambda: cores)
    voice = Voice(Counting())
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: voice.say("One is here. So is two."), range(16)))
    assert voice.renderer.most == cores
    assert all(speech == said[0] for speech in said)


def waiting(turns_: Turns, count: int) -> None:
    """Wait until so many threads wait for a turn."""
    while len(turns_._waiting) < count:
        time.sleep(0.001)


def start(action: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    return thread


def test_first_come_first_served() -> None:
    mine = Turns(lambda: 1)
    order: list[int] = []

    def take(number: int) -> None:
        with mine:
            order.append(number)

    with mine:
        threads = []
        for number in range(5):
            threads.append(start(lambda number=number: take(number)))
            waiting(mine, number + 1)
    # Whoever has just had one comes after those who wait.
    with mine:
        order.append(5)
    for thread in threads:
        thread.join()
    assert order == list(range(6))
    assert mine._taken == 0


def test_a_turn_within_a_turn_is_the_same() -> None:
    mine = Turns(lambda: 1)
    with mine:
        with mine, mine:
            assert mine._taken == 1
        assert mine._taken == 1
    assert mine._taken == 0


def test_nobody_waits_for_ever() -> None:
    mine = Turns(lambda: 1, patience=0.05)
    # Somebody who never gives it back.
    mine._take()
    with mine:
        assert mine._taken == 2
    assert mine._taken == 1
    assert not mine._waiting


def test_an_error_gives_the_turn_back() -> None:
    mine = Turns(lambda: 1)
    with pytest.raises(ZeroDivisionError), mine:
        raise ZeroDivisionError
    assert mine._taken == 0


def test_whoever_is_interrupted_while_waiting_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Turns(lambda: 1)
    mine._take()

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    monkeypatch.setattr(turns.threading, "Event", Interrupted)
    with pytest.raises(KeyboardInterrupt), mine:
        pass
    assert (mine._taken, len(mine._waiting)) == (1, 0)

    class Late(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            mine._give_back()  # The turn comes at the very moment of the interruption.
            raise KeyboardInterrupt

    monkeypatch.setattr(turns.threading, "Event", Late)
    with pytest.raises(KeyboardInterrupt), mine:
        pass
    assert (mine._taken, len(mine._waiting)) == (0, 0)


def test_pythons_lock_changes_hands_sooner_while_several_are_at_work() -> None:
    usual = sys.getswitchinterval()
    mine = Turns(lambda: 2)
    try:
        sys.setswitchinterval(0.004)
        mine._take()
        assert sys.getswitchinterval() == pytest.approx(0.004)
        mine._take()
        assert sys.getswitchinterval() == pytest.approx(turns.SWITCH_SECONDS)
        mine._give_back()
        assert sys.getswitchinterval() == pytest.approx(0.004)
        # What somebody else sets in the meantime stays, and what is shorter is not made longer.
        for other, while_two in ((0.002, turns.SWITCH_SECONDS), (0.0001, 0.0001)):
            sys.setswitchinterval(other)
            mine._take()
            assert sys.getswitchinterval() == pytest.approx(while_two)
            sys.setswitchinterval(0.003)
            mine._give_back()
            assert sys.getswitchinterval() == pytest.approx(0.003)
    finally:
        sys.setswitchinterval(usual)


def test_more_cores_let_more_go() -> None:
    most = 1
    mine = Turns(lambda: most)
    inside = threading.Semaphore(0)
    leave = threading.Event()

    def take() -> None:
        with mine:
            inside.release()
            leave.wait(60)

    with mine:
        threads = [start(take) for _ in range(3)]
        waiting(mine, 3)
        most = 2
    assert all(inside.acquire(timeout=60) for _ in range(2))
    assert len(mine._waiting) == 1
    leave.set()
    for thread in threads:
        thread.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this system")
def test_a_new_process_begins_anew() -> None:
    mine = Turns(lambda: 1, patience=60)
    mine._take()
    child = os.fork()
    if not child:
        try:
            with mine:
                os._exit(0 if mine._taken == 1 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_cores() -> None:
    assert 1 <= processes.cores() <= (os.cpu_count() or 1)
