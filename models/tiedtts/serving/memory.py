"""Memory that a text in hand takes at most, told before any of it is made.

A reader who takes nothing lets sound lie in memory beside the text itself: the part of the text that was made
last, what is being sent, and what lies ready behind it. A part is no longer than the longest sentence is at
the speed and with the silence that are asked for. The engine takes on texts as long as there is room for all.
"""

from collections.abc import Iterator

from tiedtts.errors import TextError
from tiedtts.serving.work import AHEAD_BYTES
from tiedtts.settings import Settings
from tiedtts.speech.speech import Speech
from tiedtts.speech.voice import Voice
from tiedtts.text import reading
from tiedtts.text.assembly import MOST_PHONES

PHONE_SECONDS = 0.12
"""Length of a phone at the voice's own speed, at most, in the mean over a long sentence; 0.08 is usual."""
PHONES_PER_CHARACTER = 6
"""Phones of a character, at most, in the mean over a text: signs and figures are read as words."""
SHORTEST = 40
"""Phones of the shortest text that is counted with."""
SLOWEST = 0.25
"""Speed that SSML and marks may ask for, whatever the settings say."""
SILENCE_SECONDS = 60.0
"""Silence in one text that its SSML or its marks may ask for, all in all."""
_FLOAT, _INTEGER = 4, 2
"""Bytes of a sample as it is made and as it is sent."""
CHARACTER_BYTES = 60
"""Bytes of a character: the text as it came, as it is read, and where in it each character stands."""
DOCUMENT_BYTES = 400
"""Bytes of a character of Markdown and HTML, which are read as a whole."""
LONGEST_GAP = 6
"""Silence between two parts, at most, in the pauses between sentences."""
_ASIDE = 200_000
"""Bytes of what belongs to a text beside it and its sound: its encoder, its events."""


def most(
    characters: int,
    settings: Settings,
    rate: int,
    *,
    sent_rate: int | None = None,
    events: bool = False,
    held_seconds: float = 0.0,
) -> int:
    """Return the bytes that a text takes at most while it is in hand.

    Args:
        characters: Its length.
        settings: How it is spoken.
        rate: Sampling rate of the voice, Hz.
        sent_rate: Sampling rate at which it is sent, Hz; that of the voice if None.
        events: Whether its sound is sent as text (base64), a third longer.
        held_seconds: Sound that is held back at the beginning.
    """
    phones = min(MOST_PHONES, max(SHORTEST, PHONES_PER_CHARACTER * characters))
    marked_up = settings.ssml or settings.marks
    speed = SLOWEST if marked_up else float(settings.speed)
    seconds = phones * PHONE_SECONDS / speed + LONGEST_GAP * settings.silence(paragraph=False)
    if marked_up:
        seconds += SILENCE_SECONDS
    plain = settings.markup == "text" and not settings.is_directed
    character = CHARACTER_BYTES if plain else DOCUMENT_BYTES
    second = (sent_rate or rate) * _INTEGER * (4 / 3 if events else 1)
    sent = seconds * second
    # The part as it was made; what is being sent, and what lies ready behind it, which is one part at least.
    made = seconds * rate * _FLOAT + held_seconds * second
    return round(made + sent + sent + AHEAD_BYTES) + character * characters + _ASIDE


def stream(voice: Voice, text: str, settings: Settings) -> Iterator[Speech]:
    """Speak a text, if its SSML or its marks ask for no more silence than `most` counts with.

    Raises:
        TextError: It asks for more, or cannot be spoken.
    """
    if settings.ssml or settings.marks:
        silence = sum(span.pause for span in reading.parse(text, settings).spans or ())
        if silence > SILENCE_SECONDS:
            what = "SSML" if settings.ssml else "text"
            raise TextError(
                f"the {what} asks for {silence:.0f} seconds of silence, and may for {SILENCE_SECONDS:.0f} "
                "here",
                hint="send the text in pieces",
            )
    yield from voice.stream(text, settings)
