"""Pronunciations of new words from those of known words: endings, prefixes, compounds, British spellings."""

import re
from collections.abc import Callable, Iterator

from tiedtts.text import tables
from tiedtts.text.pronounce.lexicon import Pronunciation

LookUp = Callable[[str], Pronunciation]
"""Phones of a known word, nothing for an unknown one."""

HISSING = frozenset(("S", "Z", "SH", "ZH", "CH", "JH"))
VOICELESS = frozenset(("P", "T", "K", "F", "TH", "S", "SH", "CH", "HH"))

_BRITISH = re.compile(r"(?<=[a-z]{3})(?:(i|y)s(?=(?:e[sdr]?s?|ing|ations?|able)$)|ou(?=r))")
"""Endings and vowels that are written `ize`, `yze` and `or` in America."""

_TABLES = tables.read("affixes")
PREFIXES = _TABLES["prefix"]
SUFFIXES = _TABLES["suffix"]
SHORT_PARTS = frozenset(_TABLES["short part"])
"""Words of three letters that compounds are made of."""


def plural(phones: Pronunciation) -> Pronunciation:
    """Add the ending of plurals, possessives and verbs: cats, dogs, horses."""
    if phones[-1] in HISSING:
        return (*phones, "IH0", "Z")
    return (*phones, "S" if phones[-1] in VOICELESS else "Z")


def past(phones: Pronunciation) -> Pronunciation:
    """Add the ending of past tenses: asked, called, wanted."""
    if phones[-1] in ("T", "D"):
        return (*phones, "IH0", "D")
    return (*phones, "T" if phones[-1] in VOICELESS else "D")


def derive(word: str, look_up: LookUp) -> Pronunciation:
    """Return the phones of a word made of known words, nothing if it is not."""
    for attempt in (_possessive, _plural, _past, _suffix, _noun_of_verb, _prefix, _compound, _british):
        phones = attempt(word, look_up)
        if phones:
            return phones
    return ()


def _said(word: str, look_up: LookUp) -> Pronunciation:
    """Phones of a word that is known or made of known ones, nothing for another."""
    return look_up(word) or derive(word, look_up)


def _noun_of_verb(word: str, look_up: LookUp) -> Pronunciation:
    """Derive `tokenization` from `tokenize`: the stress moves to the ending."""
    match = re.fullmatch(r"([a-z]{3,})iz(ations?)", word)
    verb = _said(match[1] + "ize", look_up) if match else ()
    if not match or verb[-2:] not in (("AY2", "Z"), ("AY0", "Z"), ("AY1", "Z")):
        return ()
    stem = tuple(phone.replace("1", "2") for phone in verb[:-2])
    return (*stem, "AH0", "Z", "EY1", "SH", "AH0", "N", *(("Z",) if match[2].endswith("s") else ()))


def _british(word: str, look_up: LookUp) -> Pronunciation:
    american = _BRITISH.sub(lambda match: f"{match[1]}z" if match[1] else "o", word)
    return _said(american, look_up) if american != word else ()


def _known(word: str, look_up: LookUp) -> Pronunciation:
    """Phones of a word or of a simple form of one: `un-` before `read-able`."""
    if len(word) < 3:
        return ()
    for attempt in (lambda word, look_up: look_up(word), _plural, _past, _suffix):
        phones = attempt(word, look_up)
        if phones:
            return phones
    return ()


def _possessive(word: str, look_up: LookUp) -> Pronunciation:
    for ending in ("'s", "s'"):
        if word.endswith(ending) and len(word) > 2:
            if ending == "s'":
                return _said(word[:-1], look_up)
            phones = _said(word[:-2], look_up)
            return plural(phones) if phones else ()
    contractions = {
        "'ll": ("AH0", "L"),
        "'d": ("D",),
        "'ve": ("AH0", "V"),
        "'re": ("ER0",),
        "n't": ("AH0", "N", "T"),
    }
    for ending, added in contractions.items():
        if word.endswith(ending) and len(word) > len(ending):
            phones = look_up(word[: -len(ending)])
            return (*phones, *added) if phones else ()
    return ()


def _plural(word: str, look_up: LookUp) -> Pronunciation:
    if not word.endswith("s") or word.endswith("ss") or len(word) < 4:
        return ()
    stems = [word[:-1]]
    if word.endswith("ies"):
        stems.insert(0, word[:-3] + "y")
    elif word.endswith("es"):
        stems.append(word[:-2])
    return next((plural(phones) for stem in stems if (phones := look_up(stem))), ())


def _past(word: str, look_up: LookUp) -> Pronunciation:
    if not word.endswith("ed") or len(word) < 5:
        return ()
    return next((past(phones) for stem in _stems(word[:-2]) if (phones := look_up(stem))), ())


def _suffix(word: str, look_up: LookUp) -> Pronunciation:
    for size in range(5, 1, -1):
        suffix = word[-size:]
        if suffix not in SUFFIXES or len(word) - size < 3:
            continue
        stems = _stems(word[:-size]) if suffix[0] in "aeio" else _consonant_stems(word[:-size], suffix)
        for stem in stems:
            phones = look_up(stem)
            if phones:
                changed = stem != word[:-size] and suffix[0] not in "aeio"
                return _join(phones, tuple(SUFFIXES[suffix].split()), changed)
    return ()


def _stems(stem: str) -> Iterator[str]:
    """Spellings a stem may have had before an ending that starts with a vowel."""
    if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "aeiou":
        yield stem[:-1]
    if len(stem) < 3:
        return
    if not stem.endswith("i"):
        # `hoped` is from hope, `hopped` from hop, `jumped` from jump.
        single = stem[-1] not in "aeiouwxy" and stem[-2] in "aeiou" and stem[-3] not in "aeiou"
        yield from (stem + "e", stem) if single or stem[-1] in "cgsuvz" else (stem, stem + "e")
    else:
        yield stem[:-1] + "y"


def _consonant_stems(stem: str, suffix: str) -> Iterator[str]:
    yield stem
    if stem.endswith("i"):
        yield stem[:-1] + "y"
    if suffix == "ly":
        yield stem + "le"
        if stem.endswith("al"):
            yield stem[:-2]


def _join(phones: Pronunciation, added: Pronunciation, changed: bool) -> Pronunciation:
    if changed and phones[-1] == "IY0":
        phones = (*phones[:-1], "AH0")  # happy, happily
    elif changed and phones[-2:] == ("AH0", "L"):
        phones = phones[:-2]  # simple, simply
    return phones + (added[1:] if phones[-1] == added[0] == "L" else added)


def _prefix(word: str, look_up: LookUp) -> Pronunciation:
    for size in range(min(7, len(word) - 3), 1, -1):
        prefix = word[:size]
        if prefix in PREFIXES:
            phones = _known(word[size:], look_up)
            if phones:
                return (*PREFIXES[prefix].split(), *phones)
    return ()


def _compound(word: str, look_up: LookUp) -> Pronunciation:
    """Two known words written as one; the first carries the stress."""
    places = sorted(range(3, len(word) - 2), key=lambda place: abs(2 * place - len(word)))
    for place in places:
        parts = word[:place], word[place:]
        if any(len(part) < 4 and part not in SHORT_PARTS for part in parts):
            continue
        first, second = (look_up(part) for part in parts)
        if second and first:
            return (*first, *(phone.replace("1", "2") for phone in second))
    return ()
