"""The amount of speech in a corpus: what can be made of it, in the words of `prepare` and of `train`."""

HOUR = 3600.0
"""Seconds from which a voice can be trained from nothing: 77 minutes were enough for one."""
LITTLE = 1200.0
"""Seconds below which little is understood of such a voice."""
LEAST = 60.0
"""Seconds below which not even another voice's manner can be learnt."""


def told(seconds: float) -> str:
    """Return an amount of speech in words."""
    minutes = seconds / 60
    return f"{minutes / 60:.1f} hours of speech" if minutes >= 100 else f"{minutes:.1f} minutes of speech"


def expected(seconds: float) -> str | None:
    """Return what to expect of so much speech; None where it is enough for a voice of its own."""
    if seconds >= HOUR:
        return None
    return too_little_to_change(seconds) if seconds < LEAST else too_little_for_a_voice(seconds)


def too_little_for_a_voice(seconds: float) -> str:
    """Return what to expect of a voice that is made of so little speech from nothing."""
    outcome = (
        "words that are hardly understood, if at all"
        if seconds < LITTLE
        else "words that are often unclear, a flat melody and a rough sound"
    )
    return (
        f"{told(seconds)} are too little for a voice from nothing: such voices were made of 77 minutes and "
        f"more. Expect {outcome}"
    )


def too_little_to_change(seconds: float) -> str:
    """Return what to expect of a voice that is changed with so little speech."""
    return (
        f"{told(seconds)} are too little even to change another voice: expect that voice, hardly changed, or "
        "unsteady. Record a few minutes at least"
    )


def adapts(seconds: float) -> bool:
    """Return whether so much speech is for changing a voice rather than for making one."""
    return LEAST <= seconds < HOUR
