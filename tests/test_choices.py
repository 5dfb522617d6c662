"""The choices that help texts show are those that the core takes."""

from tiedtts import choices
from tiedtts.audio.encoding import FORMATS, SUBTYPES
from tiedtts.corpus import readers
from tiedtts.speech.timestamps import encode
from tiedtts.speech.timing import Timeline
from tiedtts.tying.schemes import SCHEMES


def test_choices_are_those_of_the_core() -> None:
    assert tuple(SCHEMES) == choices.SCHEMES
    assert set(choices.CORPUS_FORMATS) == {"auto", *readers.READERS}
    assert choices.SUBTYPES.keys() == FORMATS.keys() == SUBTYPES.keys()
    for kind in choices.TIMESTAMPS:
        assert isinstance(encode(Timeline(8_000), kind), bytes)
