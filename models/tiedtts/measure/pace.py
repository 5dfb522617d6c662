"""The pace of the speech for which work is told."""

PHONES_PER_SECOND = 10.5
"""Speaking rate: that of the corpus of the voice in the package, pauses included."""
SECONDS = 4
"""Length of the speech in the call that is counted, seconds."""
