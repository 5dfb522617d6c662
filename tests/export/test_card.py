from pathlib import Path
from typing import Any

import pytest

from tiedtts.export import card

TEACHER = {
    "name": "flite, voice slt",
    "licence": "permissive",
    "source": "Debian; its data are CMU ARCTIC",
    "settings": {"protocol": "command", "command": "flite -t '{text}' | x", "seed": 0},
    "date": "2026-11-25",
    "version": "0.1.0",
    "texts": 200,
    "texts_sha256": "abc",
    "clips": 198,
    "thrown_away": {"audio silent": 2},
}


def metadata(**provenance: Any) -> dict[str, Any]:
    return {
        "name": "x",
        "language": "en-US",
        "audio": {"sample_rate": 24_000},
        "file_bytes": 610_000,
        "precision": "int8",
        "parameters": {"acoustic": 300_000, "vocoder": 200_000},
        "named_parameters": {"acoustic": 900_000, "vocoder": 200_000},
        "macs_per_second": {"acoustic": 40_000_000, "vocoder": 38_000_000},
        "version": "0.1.0",
        "provenance": provenance,
    }


def test_what_a_card_tells(tmp_path: Path) -> None:
    origin = {"corpus": "slt", "licence": "permissive", "recordings": 198, "seconds": 720.0, "heldout": 10}
    trained = {"steps": 5_000, "seed": 1, "version": "0.1.0", "recipe": {"architecture": "feedforward"}}
    part = {**origin, **trained, "teacher": TEACHER}
    card.write(tmp_path / "x.md", metadata(acoustic=part, vocoder={**part, "steps": 900}))
    text = (tmp_path / "x.md").read_text()
    for told in (
        "# x\n",
        "| Nets | 500,000 parameters, acoustic net and vocoder together; 1,100,000 if nothing were tied |",
        "| Work | 78 million multiply-accumulates a second |",
        "| Licence of what it has learnt from | permissive |",
        "The acoustic net and the vocoder: corpus `slt`, 198 recordings, 0.20 hours, 10 of them held out, licence: permissive.",
        "| Teacher | flite, voice slt |",
        "| Where it is from | Debian; its data are CMU ARCTIC |",
        "| Command | `flite -t '{text}' / x` |",
        "| Settings | protocol command, seed 0 |",
        "| Texts | 200, SHA-256 `abc` |",
        "| Thrown away | 2 × audio silent |",
        "The acoustic net: 5,000 steps, architecture feedforward, seed 1, TiedTTS 0.1.0.",
        "The vocoder: 900 steps,",
    ):
        assert told in text, told
    assert text.count("No person has read it aloud") == 1


@pytest.mark.parametrize(
    "provenance", [{}, {"acoustic": {"steps": 3}}, {"acoustic": {"corpus": "k", "teacher": 3}}]
)
def test_what_is_not_known_is_not_made_up(provenance: dict[str, Any]) -> None:
    text = card.text(metadata(**provenance))
    assert "No person" not in text
    assert "not told" in text


def test_a_person_and_a_teacher_stand_apart() -> None:
    text = card.text(
        metadata(acoustic={"corpus": "a", "teacher": TEACHER}, vocoder={"corpus": "a", "licence": "CC0"})
    )
    assert "The acoustic net: corpus `a`" in text
    assert "The vocoder: corpus `a`, licence: CC0." in text
    assert text.count("No person has read it aloud") == 1


def test_a_change_names_its_base() -> None:
    text = card.text({**metadata(), "change": {"base": "kathleen", "numbers": 12_345}})
    assert "| Change | 12,345 numbers of its own, all others are those of `kathleen` |" in text


def test_the_voices_it_began_from_are_told_with_their_data() -> None:
    oldest = {"name": "clara", "corpus": "heart", "licence": "Apache-2.0", "teacher": TEACHER}
    between = {"name": "mine", "corpus": "minutes", "licence": "own", "seconds": 600, "base": oldest}
    own = {"corpus": "more", "licence": "CC0", "steps": 9}
    text = card.text(
        metadata(
            acoustic={**own, "base": {**between, "steps": 3}},
            vocoder={**own, "base": {**between, "steps": 4}},
        )
    )
    assert "| Licence of what it has learnt from | CC0, own, Apache-2.0 |" in text
    assert "The acoustic net and the vocoder: corpus `more`, licence: CC0." in text
    assert text.count("It began from `mine`: corpus `minutes`, 0.17 hours, licence: own.") == 1
    assert text.count("It began from `clara`: corpus `heart`, licence: Apache-2.0.") == 1
    assert text.count("No person has read it aloud") == 1
    assert "9 steps, from `mine` on" in text
