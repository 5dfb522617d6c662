import io

import numpy as np
import pytest

from tests.speechd.exchange import Event
from tiedtts.speechd import protocol
from tiedtts.speechd.protocol import Requests


def test_requests_and_their_data_are_told_apart() -> None:
    requests = Requests(io.BytesIO(b"SPEAK\n<speak>one\ntwo</speak>\n.\n\nSTOP\nSET\nrate=5\n.\n"))
    assert requests.next() == "SPEAK"
    assert requests.data() == "<speak>one\ntwo</speak>"
    assert requests.next() == "STOP"
    assert requests.next() == "SET"
    assert requests.data() == "rate=5"
    assert requests.next() is None
    assert requests.data() == ""


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"..\n.\n", "."),
        (b"...\n.\n", ".."),
        (b"..config\n.\n", ".config"),
        (b"a.\n.\n", "a."),
        (b".\n", ""),
        (b"\n.\n", ""),
        (b" \n.\n", " "),
        (b"caf\xe9\n.\n", "caf\ufffd"),
        (b"no end", "no end"),
        (b"one\r\n.\r\n", "one\r"),
    ],
)
def test_data_ends_at_a_full_stop_alone(sent: bytes, text: str) -> None:
    assert Requests(io.BytesIO(sent)).data() == text


def test_data_of_any_size_ends_and_takes_no_more_memory_than_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "LONGEST_DATA", 100)
    requests = Requests(io.BytesIO(b"a" * 60 + b"\n" + b"b" * 60 + b"\n.\nSTOP\n"))
    assert requests.data() == "a" * 60
    assert requests.next() == "STOP"


@pytest.mark.parametrize("amount", [0, 1, 5000])
def test_sound_comes_back_as_it_was_sent(amount: int) -> None:
    numbers = np.random.default_rng(0).integers(-32767, 32768, amount).astype(np.int16)
    # Bytes that end a line, or escape one.
    numbers[: amount // 3] = 0x0A7D
    numbers[amount // 3 : amount // 2] = 0x7D0A
    sent = protocol.audio(numbers.astype(np.float32) / 32767, 24000)
    *lines, last, end = sent.split(b"\n")
    assert (last, end) == (b"705 AUDIO", b"")
    assert all(line.startswith(b"705-") for line in lines)
    event = Event(0.0, last.decode(), tuple(line[4:] for line in lines))
    np.testing.assert_array_equal(event.samples, numbers)
    assert [event.value(name) for name in ("bits", "num_channels", "sample_rate", "big_endian")] == [
        "16",
        "1",
        "24000",
        "0",
    ]


def test_names_cannot_break_a_line() -> None:
    assert protocol.mark("a\n702 END\n") == b"700-a 702 END\n700 INDEX MARK\n"
    assert protocol.failure("it\nis broken").startswith(b"399-it is broken\n399 ")
