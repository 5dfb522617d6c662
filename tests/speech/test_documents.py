"""Documents spoken: the silence between blocks, spans in the source."""

import pytest

import tiedtts
from tiedtts.errors import ConfigError, TextError

SOURCE = "# *One*\n\nTwo [three](http://x.org).\n\n- four\n- five\n"


@pytest.fixture(scope="module")
def voice() -> tiedtts.Voice:
    return tiedtts.Voice.load()


@pytest.mark.parametrize("pause", [None, 0.4, 0.0])
def test_the_silence_between_blocks(pause: float | None, voice: tiedtts.Voice) -> None:
    parts = list(voice.stream(SOURCE, markup="markdown", pause=pause))
    alone = [voice.say(text, seed=0, pause=pause) for text in ("One", "Two three.", "four", "five")]
    unit = 0.25 if pause is None else pause
    rate = voice.sample_rate
    more = [len(part.samples) - len(own.samples) for part, own in zip(parts, alone, strict=True)]
    assert more == [round(4 * unit * rate), round(2 * unit * rate), round(1.4 * unit * rate), 0]
    assert [sentence.text for part in parts for sentence in part.sentences] == [
        "One",
        "Two three.",
        "four",
        "five",
    ]


def test_words_point_into_the_source(voice: tiedtts.Voice) -> None:
    speech = voice.say(SOURCE, markup="markdown")
    assert [SOURCE[slice(*word.span)] for word in speech.words] == ["One", "Two", "three", "four", "five"]
    page = "<h1>One</h1><p>Two &amp; <b>three</b>"
    assert [page[slice(*word.span)] for word in voice.say(page, markup="html").words] == [
        *("One", "Two", "&amp;", "three")
    ]


def test_a_document_in_pieces_is_read_when_it_is_whole(voice: tiedtts.Voice) -> None:
    pieces = list(voice.stream([SOURCE[:5], SOURCE[5:20], SOURCE[20:]], markup="markdown"))
    assert [part.text for part in pieces] == ["One", "Two three.", "four", "five"]


def test_what_cannot_be(voice: tiedtts.Voice) -> None:
    with pytest.raises(TextError, match="there is nothing to say"):
        voice.say("<script>x</script>", markup="html")
    with pytest.raises(
        ConfigError, match="`markup` must be one of text, markdown, html, subtitles, got: latex"
    ):
        voice.say("x", markup="latex")
    with pytest.raises(ConfigError, match="`code` must be one of announce, read, skip, got: 3"):
        voice.say("x", code=3)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="`footnotes` must be true or false"):
        voice.say("x", footnotes="x")  # type: ignore[arg-type]
