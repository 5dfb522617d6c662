"""Speech of a text that comes slowly, while somebody listens."""

import os
import threading

import numpy as np
import pytest

from tiedtts.speech import in_pieces, lead
from tiedtts.speech.voice import Voice
from tiedtts.text import incoming
from tiedtts.text.growing import Unfinished

LONG_AGO = 10.0


class Listener:
    """Listens to a text that is typed, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(lead, "monotonic", lambda: self.now)
        self.voice = Voice.load()
        self.said = self.voice.begin()

    def type(self, text: str, idle: float = LONG_AGO, wait: float = 0.0) -> list[str]:
        """Return what is heard of a piece, after it and then nothing came for a while."""
        parts = list(self.said.add(Unfinished(text, 0.0)))
        self.now += wait
        parts += self.said.add(Unfinished("", idle))
        return [part.text for part in parts if len(part.samples)]


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    return Listener(monkeypatch)


def test_a_clause_is_said_when_it_is_complete(listener: Listener) -> None:
    assert listener.type("After the night") == []
    assert listener.type(" was over,", idle=0.0) == []
    assert listener.type("") == ["After the night was over,"]


def test_nothing_is_cut_as_long_as_there_is_sound(listener: Listener) -> None:
    assert listener.type("After the night was over,") == ["After the night was over,"]
    assert listener.type(" we left,") == []
    assert listener.type(" and went", wait=60.0) == ["we left,"]
    assert listener.type(" home.", wait=60.0) == ["and went home."]


def test_a_sentence_is_said_when_nothing_follows(listener: Listener) -> None:
    assert listener.type("We left.", idle=in_pieces.IDLE_SECONDS) == ["We left."]
    assert listener.type(" They stayed.", idle=in_pieces.IDLE_SECONDS) == []
    assert listener.type("", idle=in_pieces.WHOLE_SECONDS) == ["They stayed."]


@pytest.mark.parametrize("text", ["The weath", "It is 3.", "It is 1,", "See Dr.", "It was in the U.S."])
def test_what_stops_in_the_middle_waits(listener: Listener, text: str) -> None:
    assert listener.type(text) == []
    assert "".join(part.text for part in listener.said.finish()) == text


def test_several_sentences_at_once(listener: Listener) -> None:
    assert listener.type("One is here. Two is there. Is three, or") == ["One is here.", "Two is there."]
    assert listener.type("", wait=60.0) == ["Is three,"]


def test_a_paragraph_that_ends_with_a_clause_is_followed_by_its_silence(listener: Listener) -> None:
    listener.type("Dear Mr. Jones,")
    parts = list(listener.said.add(Unfinished("\n\nWe are glad. ", LONG_AGO)))
    silence = round(0.3 * listener.voice.sample_rate)
    assert not np.any(parts[0].samples[:silence])


def test_a_pipe_is_spoken_while_it_is_written() -> None:
    """By the real clock: each clause is heard before the next is written."""
    end, begin = os.pipe()
    clauses = ["After the long night,", " when it was light again, they", " left."]
    with os.fdopen(end, "rb") as stream, os.fdopen(begin, "wb", buffering=0) as writer:
        heard = Voice.load().stream(incoming.pieces(stream))
        for clause in clauses[:-1]:
            threading.Timer(0.1, writer.write, [clause.encode()]).start()
            assert next(heard).text.strip() == clause.removesuffix(" they").strip()
        writer.write(clauses[-1].encode())
        writer.close()
        assert [part.text for part in heard if len(part.samples)] == ["they left."]
