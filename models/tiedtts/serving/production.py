"""Production of an answer: the parts of a speech become pieces of a sound file or events."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tiedtts.audio import streaming
from tiedtts.serving import memory
from tiedtts.serving.speech_request import SpeechRequest
from tiedtts.speech import timing
from tiedtts.speech.speech import Speech
from tiedtts.speech.voice import Voice


class Piece(NamedTuple):
    """Bytes of an answer that are ready to be sent."""

    data: bytes
    is_last: bool

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in memory."""
        return len(self.data)


@dataclass
class Account:
    """Account of what has been made for a request so far; the threads of the engine keep it."""

    seconds: float = 0.0
    """Length of the sound."""
    warnings: list[str] = field(default_factory=list)


def needs(asked: SpeechRequest, voice: Voice) -> int:
    """Return the bytes of memory that an answer takes at most while it is in hand."""
    return memory.most(
        len(asked.text),
        asked.settings,
        voice.sample_rate,
        sent_rate=asked.format.sample_rate,
        events=asked.events,
        held_seconds=streaming.HELD_SECONDS.get(f".{asked.format.name}", 0.0),
    )


def pieces(asked: SpeechRequest, voice: Voice, account: Account) -> Iterator[Piece]:
    """Yield the pieces of an answer, one for each part of the speech; a piece may be empty.

    Args:
        asked: The request.
        voice: Its voice.
        account: Takes what is made into account.

    Raises:
        TextError: The text cannot be spoken.
        VoiceError: The voice is damaged.
        AudioError: The format cannot hold the sampling rate.
    """
    said: list[Speech] = []
    """The part that is being encoded."""

    def parts() -> Iterator[streaming.Part]:
        for part in memory.stream(voice, asked.text, asked.settings):
            said[:] = [part]
            account.seconds += part.seconds
            account.warnings += part.warnings
            yield part.samples, part.is_last

    samples = 0
    for data in asked.format.encode(parts(), voice.sample_rate):
        part = said[0]
        if asked.events:
            data = _delta(part, samples, data, timestamps=asked.timestamps)
            if part.is_last:
                data += _done(asked, account)
        samples += len(part.samples)
        yield Piece(data, part.is_last)


def error_event(body: dict[str, Any]) -> bytes:
    """Return the event that tells of an error once the answer has begun."""
    return _event({"type": "error", **body})


def _delta(part: Speech, before: int, data: bytes, *, timestamps: bool) -> bytes:
    event: dict[str, Any] = {"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()}
    if timestamps:
        event["start"] = round(before / part.sample_rate, 4)
        event["seconds"] = round(part.seconds, 4)
        event["words"] = words(part, before)
    return _event(event)


def words(part: Speech, before: int) -> list[dict[str, Any]]:
    """Return the words of a part and their phones with their times, as JSON has them.

    Args:
        part: Part of a speech.
        before: Samples before it.
    """
    return [
        {
            "text": word.text,
            "written": word.written,
            "span": list(word.span),
            "start": round(word.start_s, 4),
            "end": round(word.end_s, 4),
            "phones": [
                [phone.label, round(phone.start_s, 4), round(phone.end_s, 4)] for phone in word.phones
            ],
            **({"speaker": sentence.speaker} if sentence.speaker else {}),
        }
        for sentence in timing.later(part.sentences, before)
        for word in sentence.words
    ]


def _done(asked: SpeechRequest, account: Account) -> bytes:
    # Clients read the usage. Here a token of the input is a character, one of the output a tenth of a second.
    tokens = len(asked.text), round(10 * account.seconds)
    usage = {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens)}
    return _event(
        {
            "type": "speech.audio.done",
            "usage": usage,
            "seconds": round(account.seconds, 4),
            "warnings": account.warnings,
        }
    )


def _event(value: dict[str, Any]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value, ensure_ascii=True)}\n\n".encode()
