"""The amount of speech in a corpus: what can be made of it."""

HOUR = 3600.0
"""Seconds from which a voice can be trained from nothing: 77 minutes were enough for one."""
LITTLE = 1200.0
"""Seconds below which little is understood of such a voice."""
LEAST = 60.0
"""Seconds below which not even another voice's manner can be learnt."""


def expected(seconds: float) -> str | None:
    """Return what to expect of so much speech; None where it is enough for a voice of its own."""
    if seconds >= HOUR:
        return None
    told = f"{seconds / 60:.1f} minutes of speech"
    if seconds < LEAST:
        return f"{told} are too little even to change another voice: record a few minutes at least"
    outcome = "hardly be understood" if seconds < LITTLE else "sound rough and be unclear at times"
    return f"{told} are too little for a voice from nothing, which takes an hour: it would {outcome}"


def adapts(seconds: float) -> bool:
    """Return whether so much speech is for changing a voice rather than for making one."""
    return LEAST <= seconds < HOUR
