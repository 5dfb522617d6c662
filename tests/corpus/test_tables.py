import unicodedata
from pathlib import Path

import pytest

from tests.corpus.test_readers import put
from tiedtts.corpus.readers import read
from tiedtts.corpus.recordings import Recording
from tiedtts.errors import CorpusError

SAID = ("Hello there, my friend.", "It is Tuesday; we know.", "No. 4 costs five pounds, at most.")
NAMES = ("a1", "b2", "c3")


def of(root: Path, listing: str, lines: list[str], folder: str = "wavs") -> list[Recording]:
    for name in NAMES:
        put(root / folder / f"{name}.wav")
    put(root / listing, "\n".join(lines))
    return read(root)[0]


def rows(form: str) -> list[str]:
    return [form.format(name=name, text=text) for name, text in zip(NAMES, SAID, strict=True)]


@pytest.mark.parametrize(
    ("form", "speaker", "language"),
    [
        ("{name}|{text}", "", ""),
        ("{name}|{text}|{text}", "", ""),
        ("{name}|raw {text}|{text}", "", ""),
        ("{name}|0|{text}", "0", ""),
        ("{name}|speaker_1|{text}", "speaker_1", ""),
        ("{name}|{text}|p225", "p225", ""),
        ("{name}|{text}|{text}|p225", "p225", ""),
        ("{name}|p225|{text}|{text}", "p225", ""),
        ("{name}|p225|en|{text}", "p225", "en"),
        ("wavs/{name}.wav|p225|EN|{text}", "p225", "EN"),
        ("{name}|p225|{text}|həlˈəʊ ðˈɛə wˈɜːld", "p225", ""),
        ("{name}|{text}|{text}|3.25", "", ""),
        ("/home/me/set/wavs/{name}.wav|{text}", "", ""),
        ("C:\\sets\\wavs\\{name}.wav|{text}", "", ""),
        ('"{name}"|"{text}"', "", ""),
        ("{name}\t{text}", "", ""),
        ("{name}\tp225\t{text}", "p225", ""),
        ("{name},{text}", "", ""),
        ('{name},"{text}"', "", ""),
        ('"{name}","{text}"', "", ""),
        ("{name}.wav,p225,{text}", "p225", ""),
        ("{name};{text}", "", ""),
        ('p225,{name}.wav,"{text}"', "p225", ""),
    ],
)
def test_tables_without_a_header(tmp_path: Path, form: str, speaker: str, language: str) -> None:
    found = of(tmp_path, "metadata.csv", rows(form))
    assert [r.text for r in found] == list(SAID)
    assert [r.audio for r in found] == [tmp_path / "wavs" / f"{name}.wav" for name in NAMES]
    assert {(r.speaker, r.language) for r in found} == {(speaker, language)}


@pytest.mark.parametrize("listing", ["metadata.csv", "validated.tsv", "mine.csv", "other.tsv"])
@pytest.mark.parametrize(
    ("separator", "header", "form"),
    [
        (",", "file_name,transcription", '{name}.wav,"{text}"'),
        (",", "text,path", '"{text}",clips/{name}.wav'),
        (",", "ID,Speaker,Sentence", "{name},p225,{text}"),
        ("|", "audio_file|text|speaker_name", "wavs/{name}.wav|{text}|p225"),
        (";", "Text;File Name;Duration", '"{text}";{name}.wav;3,5'),
        ("\t", "id\tnormalized_text\ttext", "{name}\t{text}\traw {text}"),
        ("\t", "client_id\tpath\tsentence\tup_votes\tlocale", "p225\t{name}.mp3\t{text}\t2\ten"),
    ],
)
def test_tables_with_a_header(tmp_path: Path, listing: str, separator: str, header: str, form: str) -> None:
    found = of(tmp_path, listing, [header, *rows(form)], folder="clips")
    assert [r.text for r in found] == list(SAID)
    assert [r.audio for r in found] == [tmp_path / "clips" / f"{name}.wav" for name in NAMES]
    assert {r.speaker for r in found} == {"p225" if "p225" in form else ""}


def test_how_a_table_was_read_is_told(tmp_path: Path) -> None:
    of(tmp_path, "metadata.csv", rows("{name}|p225|en|{text}"))
    assert read(tmp_path)[1] == {
        "read as a table: column 1 names the recording, 4 is the text, 2 the speaker, 3 the language": [
            "metadata.csv"
        ]
    }


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("other", ["NFC", "NFD"])
def test_accents_in_names_have_two_forms(tmp_path: Path, form: str, other: str) -> None:
    sound = put(tmp_path / "wavs" / f"{unicodedata.normalize(form, 'café_1')}.wav")
    put(tmp_path / "metadata.csv", unicodedata.normalize(other, "café_1|A café."))
    assert read(tmp_path)[0] == [Recording("café_1", "A café.", sound, "a café")]
    folder = tmp_path / "pairs"
    sound = put(folder / f"{unicodedata.normalize(form, 'café')}.wav")
    put(folder / f"{unicodedata.normalize(other, 'café')}.txt", "One.")
    assert read(folder)[0] == [Recording("café", "One.", sound, "one")]


def test_names_in_other_letters_and_folders(tmp_path: Path) -> None:
    sound = put(tmp_path / "audio" / "deep" / "LJ-1.WAV")
    put(tmp_path / "metadata.csv", "lj-1|Hello.")
    assert read(tmp_path)[0][0].audio == sound
    put(tmp_path / "audio" / "other" / "lj-1.wav")
    # Nobody knows which of the two is meant.
    assert read(tmp_path)[0][0].audio == tmp_path / "lj-1.wav"


@pytest.mark.parametrize("suffix", [".lab", ".normalized.txt", ".txt"])
def test_texts_beside_sounds(tmp_path: Path, suffix: str) -> None:
    sound = put(tmp_path / "x" / "a_1.wav")
    put(tmp_path / "x" / f"a_1{suffix}", "One.")
    assert read(tmp_path)[0] == [Recording("x/a_1", "One.", sound, "one")]


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    found = of(tmp_path, "metadata.csv", ['a1,"Hello there', "b2,One two three.", "c3,Four five six."])
    assert [r.text for r in found] == ['"Hello there', "One two three.", "Four five six."]


def test_what_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is no table of recordings and texts") as caught:
        of(tmp_path, "metadata.csv", ["just one sentence.", "And another."])
    assert "`id|text`" in str(caught.value.hint)
    put(tmp_path / "metadata.csv", b"PK\x03\x04rest of a spreadsheet")
    with pytest.raises(CorpusError, match="is an archive or a spreadsheet, no text"):
        read(tmp_path)
