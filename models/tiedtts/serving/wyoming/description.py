"""Description of the voices, as the protocol tells clients what there is."""

from wyoming.info import Attribution, Info, TtsProgram, TtsVoice

from tiedtts import __version__
from tiedtts.serving.roster import Roster

PROGRAM = "tiedtts"
"""Name of the program."""
LANGUAGE = "en-US"
"""Language of all voices: the text front end reads English."""
URL = "https://pypi.org/project/tiedtts/"
"""Where it is from."""


def info(voices: Roster) -> Info:
    """Return what a client is told that asks what there is."""
    by = Attribution(name="TiedTTS", url=URL)
    return Info(
        tts=[
            TtsProgram(
                name=PROGRAM,
                attribution=by,
                installed=True,
                description="Tiny neural text-to-speech voices",
                version=__version__,
                voices=[
                    TtsVoice(
                        name=name,
                        attribution=by,
                        installed=True,
                        description=name,
                        version=__version__,
                        languages=[LANGUAGE],
                        speakers=None,
                    )
                    for name in voices
                ],
                supports_synthesize_streaming=True,
            )
        ]
    )
