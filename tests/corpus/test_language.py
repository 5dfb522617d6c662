from pathlib import Path

import pytest

from tiedtts.corpus import language, speakers
from tiedtts.corpus.language import check, foreign, looks_foreign
from tiedtts.corpus.recordings import Recording
from tiedtts.errors import CorpusError

FOREIGN = {
    "German": ["Guten Morgen, wie geht es Ihnen heute?", "Wir fahren mit dem Zug nach Hamburg.", "Es ist nicht weit."],
    "French": ["Bonjour, comment allez-vous ?", "Le chat est sur la table.", "Je ne sais pas où il est."],
    "Spanish": ["Hola, ¿qué tal?", "El perro come en la casa.", "No sé dónde está el libro."],
    "Italian": ["Come stai oggi?", "Il gatto è sul tavolo.", "Non lo so, ma questo va molto bene."],
    "Dutch": ["Hoe gaat het met u?", "De kat zit op de tafel.", "Ik heb geen tijd."],
    "Polish": ["Dzień dobry, jak się masz?", "Nie wiem, gdzie on jest.", "To jest bardzo dobre."],
    "Swedish": ["Hur mår du?", "Katten sitter på bordet och äter en fisk.", "Jag har inte tid att göra det."],
    "Cyrillic letters": ["Привет, как дела?"],
    "Hiragana letters": ["こんにちは、おげんきですか"],
    "accented letters": ["Šis teikums ir ļoti īss.", "Viņš dzīvo Rīgā.", "Mēs ēdam brokastis katru rītu kopā."],
}  # fmt: skip
ENGLISH = [
    "Good morning, how are you?",
    "She ordered a café au lait and a crème brûlée at the bistro.",
    "Dr. Müller met Señor García in São Paulo.",
    "The Der Spiegel article is by Hans von Bülow.",
    "Seven, eight, nine.",
    "forward backward left right stop go yes no up down",
    "C'est la vie, as they say.",
    "Read {G UH1 T AH0 N} as a German word.",
    "",
]


def of(texts: "list[str]", **options: str) -> "list[Recording]":
    return [Recording(f"r{n}", text, Path("r.wav"), text, **options) for n, text in enumerate(texts)]


@pytest.mark.parametrize("name", FOREIGN)
def test_other_languages_are_known(name: str) -> None:
    found = foreign(FOREIGN[name], least=8)
    assert found is not None
    assert found.name == name
    with pytest.raises(CorpusError, match=rf"^the texts look (written in )?{name}, not English: ") as caught:
        check(of(FOREIGN[name] * 2))
    assert "`--language en`" in str(caught.value.hint)


def test_english_is_english() -> None:
    assert foreign(ENGLISH, least=1) is None
    assert not any(map(looks_foreign, ENGLISH))
    check(of(ENGLISH))


def test_single_texts() -> None:
    assert looks_foreign(FOREIGN["German"][0])
    assert not looks_foreign("Guten Morgen.")


def test_a_column_of_languages() -> None:
    with pytest.raises(CorpusError, match=r"^the language of 9 of 9 recordings is de$"):
        check(of(ENGLISH, language="de"))
    check(of(ENGLISH, language="en-GB"))


def test_usual_words_are_told_apart() -> None:
    languages = language._languages()
    assert len(languages) == 18
    assert all(len(words) > 20 for words in languages.values())


def test_several_speakers() -> None:
    both = [*of(["One."] * 3, speaker="anna"), *of(["Two."] * 2, speaker="b" * 60)]
    with pytest.raises(
        CorpusError, match=r"^the corpus has recordings of 2 speakers: anna \(3\), b{16} \(2\)$"
    ) as caught:
        speakers.of(both, None)
    assert "`--speaker anna`" in str(caught.value.hint)
    assert len(speakers.of(both, "anna")) == 3
    assert len(speakers.of(both, "b" * 16)) == 2
    assert len(speakers.of(both, "all")) == 5
    with pytest.raises(CorpusError, match="no recordings of the speaker carl"):
        speakers.of(both, "carl")
    with pytest.raises(CorpusError, match="no recordings of the speaker carl") as caught:
        speakers.of(of(["One."]), "carl")
    assert caught.value.hint == "the corpus does not say who speaks"
    assert len(speakers.of(of(["One."], speaker="anna"), None)) == 1
