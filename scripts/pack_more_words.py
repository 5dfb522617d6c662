"""Pack what misaki's American dictionary knows and this program would guess otherwise.

    python scripts/pack_more_words.py us_gold.json [-o more_words.bin]

Words are kept that the CMU dictionary lacks and whose pronunciation rules and g2p-en get wrong: about half
of them. Reduced vowels that speakers do not tell apart, and weaker stresses, are no difference.
"""

import argparse
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tiedtts.text.explanation import explain
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.pronounce.lexicon import MORE_WORDS, Lexicon, Pronunciation, pack

SHORTEST = 4
"""Letters; shorter ones are initialisms more often than words."""
CONSONANTS = dict(
    pair.split(":")
    for pair in (
        "b:B ʧ:CH d:D ð:DH f:F ɡ:G h:HH ʤ:JH k:K l:L m:M n:N ŋ:NG p:P ɹ:R s:S ʃ:SH t:T ɾ:T T:T ʔ:T θ:TH v:V "
        "w:W j:Y z:Z ʒ:ZH"
    ).split()
)
VOWELS = dict(
    pair.split(":")
    for pair in (
        "ɑ:AA æ:AE ɔ:AO W:AW I:AY ɛ:EH A:EY ɪ:IH i:IY O:OW Y:OY ʊ:UH u:UW ʌ:AH ə:AH ᵊ:AH ᵻ:IH ɜɹ:ER əɹ:ER"
    ).split()
)
_SYMBOL = re.compile("([ˈˌ]?)(" + "|".join(sorted((*CONSONANTS, *VOWELS), key=len, reverse=True)) + ")|(.)")


def read(path: Path) -> Iterator[tuple[str, Pronunciation]]:
    """Yield words in lower case and their phones, in ARPAbet with stress."""
    packed = path.read_bytes()
    entries = json.loads(gzip.decompress(packed) if path.suffix == ".gz" else packed)
    for word, said in entries.items():
        name = word.lower()
        # A name is read in lower case, too, unless that is another word.
        if not re.fullmatch(rf"[A-Za-z][a-z]{{{SHORTEST - 1},}}", word) or (word != name and name in entries):
            continue
        if phones := arpabet(said["DEFAULT"] if isinstance(said, dict) else said):
            yield name, phones


def arpabet(said: str | None) -> Pronunciation:
    """Return phones for misaki's symbols; nothing if one of them has none."""
    phones = []
    stress = ""
    for match in _SYMBOL.finditer(said or ""):
        if match[3]:
            return ()
        stress = match[1] or stress
        if match[2] in CONSONANTS:
            phones.append(CONSONANTS[match[2]])
        else:
            phones.append(VOWELS[match[2]] + {"ˈ": "1", "ˌ": "2", "": "0"}[stress])
            stress = ""
    return tuple(phones)


def alike(phones: Pronunciation) -> Pronunciation:
    """Return phones without what speakers do not tell apart."""
    plain = (phone.replace("2", "0") for phone in phones)
    return tuple("AH0" if phone == "IH0" else phone for phone in plain)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dictionary", type=Path, help="us_gold.json of hexgrad/misaki")
    parser.add_argument("-o", "--output", type=Path, default=MORE_WORDS)
    arguments = parser.parse_args()
    # What is guessed is guessed without the words of an earlier file.
    MORE_WORDS.write_bytes(pack({}))
    known, front_end = Lexicon.open(), FrontEnd()
    kept: dict[str, list[Pronunciation]] = {}
    for word, phones in read(arguments.dictionary):
        if word in known:
            continue
        said = tuple(phone for part in explain(word, front_end) for w in part.words for phone in w.phones)
        if alike(said) != alike(phones):
            kept[word] = [phones]
    arguments.output.write_bytes(pack(kept))
    print(f"{len(kept):,} words, {arguments.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
