"""Times of words and phones: exact in samples, and in the formats of others."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

from tiedtts.choices import TIMESTAMPS
from tiedtts.errors import ConfigError
from tiedtts.speech.speech import Speech
from tiedtts.speech.timestamps import LONGEST_CUE, LONGEST_LINE, beside, cues, encode
from tiedtts.speech.timing import Mark, SpokenPhone, SpokenSentence, SpokenWord, Timeline

RATE = 1_000
LONG = (
    "On Jan. 5, 2024, the people of the valley came down from the hills, and waited for Dr. Smith "
    "until half past 3, when the rain, which had fallen for 14 days, came to its end."
)


def spoken(
    text: str, *words: str, start: int = 100, phones: int = 2, places: tuple[tuple[int, int], ...] = ()
) -> SpokenSentence:
    """Say two phones of a tenth of a second a word, and nothing after each second word."""
    made, place = [], start
    for number, word in enumerate(words):
        ends = [place + 100 * n for n in range(phones + 1)]
        labels = [f"P{n}" for n in range(phones)]
        said = zip(labels, ends, ends[1:], strict=False)
        made.append(
            SpokenWord(word, tuple(SpokenPhone(*phone, RATE) for phone in said), word.upper(), (1, 2))
        )
        place = ends[-1] + 50 * (number % 2)
    return SpokenSentence(text, tuple(made), places)


def timeline(*sentences: SpokenSentence, marks: tuple[Mark, ...] = ()) -> Timeline:
    line = Timeline(RATE)
    for sentence in sentences:
        length = sentence.words[-1].phones[-1].end + 100
        samples = np.zeros(length, np.float32)
        line.add(Speech(samples, RATE, sentence.text, (), (), sentences=(sentence,), marks=marks))
    return line


def test_times_add_up() -> None:
    line = timeline(spoken("A b.", "A", "b"), spoken("C.", "C"), marks=(Mark("m", 50, RATE),))
    assert line.samples == 600 + 400
    assert [(word.text, word.start_s, word.end_s) for s in line.sentences for word in s.words] == [
        *(("A", 0.1, 0.3), ("b", 0.3, 0.5), ("C", 0.7, 0.9))
    ]
    assert [mark.time_s for mark in line.marks] == [0.05, 0.65]


def test_json() -> None:
    line = timeline(spoken("\u00dcber.", "\u00dcber"), marks=(Mark("here", 50, RATE),))
    assert json.loads(encode(line, "json")) == {
        "sample_rate": RATE,
        "seconds": 0.4,
        "sentences": [{"text": "\u00dcber.", "start": 0.1, "end": 0.3}],
        "words": [
            {
                "text": "\u00dcber",
                "start": 0.1,
                "end": 0.3,
                "written": "\u00dcBER",
                "span": [1, 2],
                "after_break": False,
                "phones": [
                    {"phone": "P0", "start": 0.1, "end": 0.2},
                    {"phone": "P1", "start": 0.2, "end": 0.3},
                ],
            }
        ],
        "marks": [{"name": "here", "time": 0.05}],
    }
    assert json.loads(encode(Timeline(RATE), "json"))["words"] == []


def test_subtitles() -> None:
    line = timeline(spoken("A <b> & c.", "A", "b", "and", "c"), spoken("D", "D", start=3_600_000))
    assert encode(line, "srt").decode() == (
        "1\n00:00:00,100 --> 00:00:00,950\nA <b> & c.\n\n2\n01:00:01,050 --> 01:00:01,250\nD\n"
    )
    assert encode(line, "vtt").decode() == (
        "WEBVTT\n\n00:00:00.100 --> 00:00:00.950\nA &lt;b&gt; &amp; c.\n\n01:00:01.050 --> 01:00:01.250\nD\n"
    )


def test_long_sentences_have_several_subtitles() -> None:
    from tiedtts.text.frontend import FrontEnd

    (sentence,) = FrontEnd()(LONG)
    timed = spoken(LONG, *(word.text for word in sentence.words), places=sentence.places)
    found = list(cues([timed]))
    assert len(found) == 3
    assert " ".join(cue.text for cue in found) == LONG, "as it is written, numbers and all"
    assert max(len(cue.text) for cue in found) <= LONGEST_CUE
    assert found[0].text.endswith("hills,")
    ends = {word.end_s: word.text for word in timed.words}
    assert ends[found[0].end_s] == "hills"
    assert found[0].start_s == timed.start_s
    assert found[-1].end_s == timed.end_s
    assert all(left.end_s <= right.start_s for left, right in itertools.pairwise(found))
    lines = encode(timeline(timed), "srt").decode().splitlines()
    assert max(map(len, lines)) <= LONGEST_LINE


def test_textgrid_has_no_gaps() -> None:
    line = timeline(spoken('Say "b" c.', "Say", '"b"', "c"), marks=(Mark('m"', 50, RATE),))
    grid = encode(line, "textgrid").decode()
    assert grid.startswith('File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 0.85\n')
    assert 'text = "Say ""b"" c."' in grid
    tiers = grid.split("    item [")[1:]
    assert [re.findall('name = "(.*)"', tier)[0] for tier in tiers] == [
        "sentences",
        "words",
        "phones",
        "marks",
    ]
    for tier, count in zip(tiers, (3, 6, 9), strict=False):
        spans = re.findall(r"xmin = (\S+)\n {12}xmax = (\S+)\n", tier)
        assert f"size = {count}\n" in tier
        assert len(spans) == count
        assert [float(end) for _, end in spans[:-1]] == [float(start) for start, _ in spans[1:]]
        assert (float(spans[0][0]), float(spans[-1][1])) == (0.0, 0.85)
    assert 'number = 0.05\n            mark = "m"""\n' in tiers[3]
    assert "marks" not in encode(timeline(spoken("A.", "A")), "textgrid").decode()


def test_files_lie_beside_the_sound(tmp_path: Path) -> None:
    assert [beside(Path("x/a.b.wav"), kind).name for kind in TIMESTAMPS] == [
        *("a.b.json", "a.b.srt", "a.b.vtt", "a.b.TextGrid")
    ]
    speech = Speech(np.zeros(500, np.float32), 8_000, "A.", (), (), sentences=(spoken("A.", "A"),))
    speech.save(tmp_path / "a.wav", timestamps="srt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.srt", "a.wav"]
    with pytest.raises(ConfigError, match=r"^`timestamps` must be one of json, .* got: pdf$"):
        speech.save(tmp_path / "b.wav", timestamps="pdf")
