import os
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from tests.speechd.exchange import OUTCOMES, Exchange, is_audio, kinds, sound
from tiedtts.speechd import sounds
from tiedtts.speechd.capitals import TONE
from tiedtts.speechd.outlet import PIPE_BYTES, Outlet
from tiedtts.speechd.utterance import BLOCK_SECONDS, PATIENCE_SECONDS, Part, Utterance

RATE = 8000


class Spoken:
    """An utterance whose server can be told to play slowly, that is not to read."""

    def __init__(self, parts: Iterator[Part]) -> None:
        self.replies, self._sent = os.pipe()
        self.exchange = Exchange(open(os.devnull, "wb"), self.replies)  # noqa: SIM115
        self.told: list[str] = []
        self.utterance = Utterance(parts, Outlet(self._sent), self.told.append)

    def events(self) -> list[str]:
        self.exchange.wait(lambda event: event.last in OUTCOMES, 0)
        return kinds(self.exchange.events)

    def close(self) -> None:
        self.utterance.stop()
        assert self.utterance.wait(10)
        os.close(self._sent)
        self.exchange.thread.join(10)
        os.close(self.replies)
        self.exchange.requests.close()


@pytest.fixture
def spoken() -> Iterator[list[Spoken]]:
    made: list[Spoken] = []
    yield made
    for one in made:
        one.exchange.is_reading.set()
        one.close()


def part(seconds: float, *marks: tuple[str, float]) -> Part:
    samples = np.full(round(seconds * RATE), 0.5, np.float32)
    return Part(samples, RATE, tuple((name, round(at * RATE)) for name, at in marks))


def test_all_of_it_is_handed_out_in_blocks(spoken: list[Spoken]) -> None:
    spoken.append(
        Spoken(iter([part(0.1, ("a", 0), ("b", 0.05)), part(0.0, ("c", 0)), part(0.1, ("d", 0.1))]))
    )
    spoken[0].utterance.start()
    assert spoken[0].events() == [
        "701 BEGIN",
        "a",
        "705 AUDIO",
        "b",
        "705 AUDIO",
        "c",
        "705 AUDIO",
        "d",
        "702 END",
    ]
    assert len(sound(spoken[0].exchange.events)) == 0.2 * RATE
    assert max(len(e.samples) for e in spoken[0].exchange.events if is_audio(e)) <= BLOCK_SECONDS * RATE


def endless() -> Iterator[Part]:
    while True:
        yield part(0.5)


def test_stop_cuts_off_what_is_not_handed_out(spoken: list[Spoken]) -> None:
    spoken.append(Spoken(endless()))
    spoken[0].exchange.is_reading.clear()
    spoken[0].utterance.start()
    # Nobody reads, so that the pipe is full after a while; what is written to it cannot be taken back.
    assert not spoken[0].utterance.wait(0.2)
    spoken[0].utterance.stop()
    spoken[0].exchange.is_reading.set()
    assert spoken[0].events() == ["701 BEGIN", "705 AUDIO", "703 STOP"]
    assert len(sound(spoken[0].exchange.events)) * 2 < 65536 + PIPE_BYTES + 2 * BLOCK_SECONDS * RATE


def test_stop_waits_for_nothing_that_is_being_made(spoken: list[Spoken]) -> None:
    goes_on = threading.Event()

    def slow() -> Iterator[Part]:
        yield part(0.1)
        goes_on.wait(10)
        yield part(0.1)

    spoken.append(Spoken(slow()))
    spoken[0].utterance.start()
    spoken[0].exchange.wait(is_audio, 0)
    spoken[0].utterance.stop()
    assert spoken[0].events() == ["701 BEGIN", "705 AUDIO", "703 STOP"]
    goes_on.set()


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([part(3, ("own", 0.1), ("__spd_0", 0.5))], ["own", "__spd_0", "704 PAUSE"]),
        ([part(0.2), part(3, ("__spd_1", 0.5))], ["705 AUDIO", "__spd_1", "704 PAUSE"]),
        # None is near: it pauses at once, and the server begins again after its last mark.
        ([part(3, ("__spd_0", PATIENCE_SECONDS + 0.2))], ["704 PAUSE"]),
        ([part(3)], ["704 PAUSE"]),
        # The end is near.
        ([part(0.5)], ["705 AUDIO", "702 END"]),
    ],
)
def test_a_message_pauses_where_it_can_go_on(
    spoken: list[Spoken], parts: list[Part], expected: list[str]
) -> None:
    spoken.append(Spoken(iter(parts)))
    utterance = spoken[0].utterance
    # All is made before anything is handed out, so that it is known what comes.
    make, send = utterance._threads
    make.start()
    make.join(0.5)
    utterance.pause()
    send.start()
    found = [event for event in spoken[0].events() if event != "701 BEGIN"]
    assert [event for event in found if event in expected] == expected
    assert found[-1] == expected[-1]


def test_what_goes_wrong_ends_the_message_and_is_told(spoken: list[Spoken]) -> None:
    def broken() -> Iterator[Part]:
        yield part(0.1)
        raise RuntimeError("no more")

    spoken.append(Spoken(broken()))
    spoken[0].utterance.start()
    assert spoken[0].events() == ["701 BEGIN", "705 AUDIO", "702 END"]
    assert spoken[0].told == ["RuntimeError: no more"]


def test_a_capital_letter_is_a_tone_and_no_mark(spoken: list[Spoken]) -> None:
    spoken.append(Spoken(iter([part(0.1, (TONE, 0.05))])))
    spoken[0].utterance.start()
    assert spoken[0].events() == ["701 BEGIN", "705 AUDIO", "702 END"]
    assert len(sound(spoken[0].exchange.events)) == 0.1 * RATE + len(sounds.tone(RATE))


def test_a_server_that_is_gone_ends_it() -> None:
    replies, sent = os.pipe()
    os.close(replies)
    utterance = Utterance(endless(), Outlet(sent), print)
    utterance.start()
    try:
        utterance.stop()
        assert utterance.wait(10)
    finally:
        os.close(sent)
