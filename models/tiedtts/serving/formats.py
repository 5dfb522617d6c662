"""Formats of sound that can be asked for, by OpenAI's names."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import NamedTuple

from tiedtts.audio import streaming
from tiedtts.audio.encoding import Encoding
from tiedtts.quoting import quoted
from tiedtts.serving.refusal import Refusal

PCM = "pcm"
"""Samples without a header."""
PCM_RATE = 24_000
"""Sampling rate that clients take `pcm` for, Hz."""
DEFAULT = "mp3"
"""Format that OpenAI sends where none is asked for."""
MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "flac": "audio/flac",
    "wav": "audio/wav",
    PCM: f"audio/pcm; rate={PCM_RATE}; channels=1",
}
"""Formats that are made, and the media types of their answers."""
_NOT_MADE = {
    "aac": "aac is not made here, since its encoders may not be shipped: ask for mp3 or opus, which all play"
}


class Format(NamedTuple):
    """A format that was asked for."""

    name: str
    sample_rate: int | None = None
    """Hz; what the voice and the format have in common if None."""

    @property
    def media_type(self) -> str:
        """Media type of an answer."""
        if self.name == PCM:
            return f"audio/pcm; rate={self.sample_rate or PCM_RATE}; channels=1"
        return MEDIA_TYPES[self.name]

    def encode(self, parts: Iterable[streaming.Part], rate: int) -> Iterator[bytes]:
        """Yield the bytes of each part of a sound.

        Args:
            parts: As for `streaming.encoded`.
            rate: Their sampling rate, Hz.
        """
        if self.name == PCM:
            return streaming.raw(parts, rate, self.sample_rate or PCM_RATE)
        return streaming.encoded(parts, rate, Encoding(suffix=f".{self.name}", sample_rate=self.sample_rate))


def named(name: str) -> str:
    """Return the name of a format that is made.

    Raises:
        Refusal: There is no such format.
    """
    if name in MEDIA_TYPES:
        return name
    known = ", ".join(MEDIA_TYPES)
    raise Refusal(
        HTTPStatus.BAD_REQUEST,
        _NOT_MADE.get(name) or f"there is no format `{quoted(name)}`; use one of {known}",
        param="response_format",
        code="unsupported_format",
    )
