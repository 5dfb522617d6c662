"""The engine: its threads make what generators yield, in turns, ahead of readers, and no further than wanted."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from tiedtts.errors import BusyError, ConfigError, TextError, TiedTTSError, VoiceError
from tiedtts.serving.engine import Engine
from tiedtts.serving.roster import Roster


class Silent(Roster):
    """A roster for engines whose voices nobody asks."""

    def __init__(self) -> None:
        pass


@pytest.fixture
def own() -> Iterator[Callable[..., Engine]]:
    made: list[Engine] = []

    def start(**options: int) -> Engine:
        made.append(Engine(Silent(), **options))
        return made[-1]

    yield start
    for engine in made:
        engine.close()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


class Source:
    """A generator that notes how far it has come."""

    def __init__(
        self,
        count: int,
        gate: threading.Event | None = None,
        error: Exception | None = None,
        order: list["Source"] | None = None,
    ) -> None:
        self._order = [] if order is None else order
        self.made = 0
        self.closed = False
        self.threads: set[str] = set()
        self._count, self._gate, self._error = count, gate, error

    def run(self) -> Iterator[int]:
        try:
            for number in range(self._count):
                if self._gate is not None:
                    self._gate.wait(30)
                self.threads.add(threading.current_thread().name)
                self.made += 1
                self._order.append(self)
                yield number
            if self._error is not None:
                raise self._error
        finally:
            self.closed = True


def test_items_come_in_order_from_the_threads_of_the_engine(own: Callable[..., Engine]) -> None:
    engine, source = own(threads=2), Source(50)
    with engine.start(source.run()) as work:
        assert list(work) == list(range(50))
    assert source.threads <= {"tiedtts-engine-0", "tiedtts-engine-1"}
    assert (engine.open, source.closed) == (0, True)


def test_no_more_is_made_than_may_lie_ready(own: Callable[..., Engine]) -> None:
    engine, source = own(threads=1, ahead=3), Source(50)
    with engine.start(source.run()) as work:
        until(lambda: source.made == 3)
        # The thread is free for others, though nobody has taken anything.
        with engine.start(Source(5).run()) as other:
            assert list(other) == list(range(5))
        assert source.made == 3
        next(work)
        until(lambda: source.made == 4)


def test_the_first_part_of_one_does_not_wait_for_the_last_of_another(own: Callable[..., Engine]) -> None:
    engine, gate = own(threads=1, ahead=100), threading.Event()
    order: list[Source] = []
    long, short = Source(100, gate, order=order), Source(1, order=order)
    with engine.start(long.run()) as first, engine.start(short.run()) as second:
        gate.set()
        assert (list(second), len(list(first))) == ([0], 100)
    assert order.index(short) <= 1


def test_whoever_waits_for_long_is_not_held_up_by_those_who_come(own: Callable[..., Engine]) -> None:
    engine, gate = own(threads=1, ahead=100), threading.Event()
    order: list[Source] = []
    long = Source(3, gate, order=order)
    with engine.start(long.run()) as work:
        others = [engine.start(Source(1, order=order).run()) for _ in range(8)]
        gate.set()
        assert list(work) == [0, 1, 2]
        assert [list(other) for other in others] == [[0]] * 8
    places = [place for place, source in enumerate(order) if source is long]
    assert places[1] in (3, 4), "no more than three others begin before it goes on"


def test_an_item_that_says_so_is_the_last(own: Callable[..., Engine]) -> None:
    made: list[str] = []

    def parts() -> Iterator[SimpleNamespace]:
        try:
            for is_last in (False, True, False):
                yield SimpleNamespace(is_last=is_last)
        finally:
            made.append("closed")

    with own(threads=1).start(parts()) as work:
        assert [part.is_last for part in work] == [False, True]
    until(lambda: made == ["closed"])


def test_a_reader_that_leaves_stops_the_work(own: Callable[..., Engine]) -> None:
    engine, gate = own(threads=1), threading.Event()
    running, resting, waiting = Source(9, gate), Source(9), Source(9)
    first = engine.start(running.run())
    until(lambda: not engine.waiting)
    second, third = engine.start(resting.run()), engine.start(waiting.run())
    third.cancel()
    first.cancel()
    gate.set()
    until(lambda: running.closed and resting.made == 4)
    second.cancel()
    second.cancel()
    assert resting.closed
    assert (running.made, waiting.made, engine.open) == (1, 0, 0)
    assert list(first) == []


def test_an_error_comes_where_the_item_would(own: Callable[..., Engine]) -> None:
    engine = own(threads=1)
    with engine.start(Source(2, error=TextError("no")).run()) as work:
        assert [next(work), next(work)] == [0, 1]
        with pytest.raises(TextError, match="no"):
            next(work)
        assert list(work) == []
    assert engine.open == 0
    # The thread that met it goes on.
    assert list(engine.start(Source(3).run())) == [0, 1, 2]


def test_more_than_there_may_be_is_refused(own: Callable[..., Engine]) -> None:
    engine = own(threads=1, most_open=2)
    works = [engine.start(Source(9).run()) for _ in range(2)]
    with pytest.raises(BusyError, match="2 texts are in hand") as error:
        engine.start(Source(1).run())
    assert 1 <= error.value.retry_after <= 60
    works[0].cancel()
    assert list(engine.start(Source(1).run())) == [0]


def test_many_readers_lose_nothing(own: Callable[..., Engine]) -> None:
    engine = own(threads=4, ahead=2)
    taken: dict[int, list[int]] = {}

    def read(number: int) -> None:
        with engine.start(Source(number + 1).run()) as work:
            taken[number] = list(work)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == {number: list(range(number + 1)) for number in range(40)}
    assert engine.open == 0


def test_an_event_loop_reads_many_at_once(own: Callable[..., Engine]) -> None:
    engine = own(threads=2, ahead=2)

    async def read(number: int) -> list[int]:
        with engine.start(Source(number + 1).run()) as work:
            return [item async for item in work]

    async def all_of_them() -> list[list[int]]:
        return await asyncio.gather(*map(read, range(30)))

    assert asyncio.run(all_of_them()) == [list(range(number + 1)) for number in range(30)]


def test_a_task_that_is_cancelled_while_it_waits_stops_the_work(own: Callable[..., Engine]) -> None:
    engine, gate = own(threads=1), threading.Event()
    source = Source(9, gate)

    async def read() -> None:
        with engine.start(source.run()) as work:
            async for _ in work:
                pass

    async def leave() -> None:
        task = asyncio.ensure_future(read())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.set()

    asyncio.run(leave())
    until(lambda: source.closed)
    assert (source.made, engine.open) == (1, 0)


def test_closing_tells_whoever_waits(own: Callable[..., Engine]) -> None:
    engine, gate = own(threads=1), threading.Event()
    running, waiting = engine.start(Source(99, gate).run()), engine.start(Source(9).run())
    closing = threading.Thread(target=engine.close)
    closing.start()
    gate.set()
    closing.join()
    for work in (running, waiting):
        with pytest.raises(TiedTTSError, match="closed before all was said"):
            list(work)
    with pytest.raises(TiedTTSError, match="it takes no more"):
        engine.start(Source(1).run())


def test_speech_is_that_of_the_voice(engine: Engine, voices: Roster) -> None:
    text = "Here is one. Here is another, a little longer; it ends here."
    said = voices["kathleen"].say(text, speed=1.5)
    with engine.speak(text, voice="kathleen", speed=1.5) as parts:
        made = list(parts)
    assert [part.is_last for part in made] == [False, True]
    assert np.array_equal(np.concatenate([part.samples for part in made]), said.samples)
    with pytest.raises(VoiceError, match="no such voice: hal"):
        engine.speak(text, voice="hal")
    with pytest.raises(ConfigError, match="`speed` must be"):
        engine.speak(text, speed=9)
    with pytest.raises(TextError, match="nothing to say"), engine.speak("...") as parts:
        list(parts)


def test_other_names_of_voices(voices: Roster) -> None:
    named = Roster({name: voices[name] for name in voices}, {"bob": "kathleen", "alloy": "kathleen"})
    assert [named.name(asked) for asked in (None, "bob", "Alloy", "CLARA", "echo")] == [
        *("clara", "kathleen", "kathleen", "clara", "oscar")
    ]
    two = Roster({name: voices[name] for name in ("clara", "kathleen")})
    assert {two.name(asked) for asked in ("alloy", "echo", "onyx")} == {"clara", "kathleen"}
    for aliases, message in (({"x": "hal"}, "not served: hal"), ({"clara": "kathleen"}, "is a voice itself")):
        with pytest.raises(ConfigError, match=message):
            Roster({name: voices[name] for name in voices}, aliases)
    with pytest.raises(ConfigError, match="two voices have the name `clara`"):
        Roster.load(["clara", "clara"])
    with pytest.raises(VoiceError, match="no such voice: nobody"):
        Roster.load(["nobody"])


def test_two_rosters_of_the_same_voices(voices: Roster) -> None:
    text, cast = "A: Yes.", {"A": "felix"}
    said = voices["clara"].say(text, cast=cast)
    alone = Roster({"clara": voices["clara"]})
    with pytest.raises(VoiceError, match="no such voice: felix"):
        alone["clara"].say(text, cast=cast)
    assert np.array_equal(voices["clara"].say(text, cast=cast).samples, said.samples)
