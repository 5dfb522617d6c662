"""Homographs that are participles, plurals or French: `learned`, `axes`, `buffet`; one function a word.

Each returns whether the words around call for the second of the two pronunciations.
"""

from tiedtts.text.pronounce.homograph_context import (
    ADVERBS,
    DETERMINERS,
    OBJECTS,
    PREPOSITIONS,
    PRONOUNS,
    SINGULAR_PRONOUNS,
    Context,
)

_NO_NOUN = PREPOSITIONS | DETERMINERS | {"", ",", "that", "how", "and", "to", "it", "from"}
_OLD = frozenset(
    "man woman men women person people parents father mother couple lady gentleman population".split()
)
_STUBBORN = frozenset(
    "determination persistence pursuit resistance refusal loyalty effort defense defence insistence".split()
)
_CURVES = frozenset(
    "x y z coordinate horizontal vertical both parallel graph chart optical main cardinal".split()
)


def _learned(context: Context) -> bool:
    """Came to know L ER1 N D first, scholarly L ER1 N IH0 D second."""
    described = context[-1] in DETERMINERS | ADVERBS and context[+1] not in _NO_NOUN
    return described and context[+1] not in ("helplessness", "behavior", "behaviour", "response", "skill")


def _blessed(context: Context) -> bool:
    """Gave a blessing B L EH1 S T first, holy B L EH1 S IH0 D second."""
    return context[-1] in DETERMINERS and context[+1] not in _NO_NOUN


def _aged(context: Context) -> bool:
    """Grew old EY1 JH D first, very old EY1 JH IH0 D second."""
    return context[+1] in _OLD or (context[-1] == "the" and context[+1] in ("", ",", "and", "who", "are"))


def _dogged(context: Context) -> bool:
    """Followed D AO1 G D first, stubborn D AO1 G IH0 D second."""
    return context[+1] in _STUBBORN or context[-1] in ("a", "most", "such", "with")


def _bases(context: Context) -> bool:
    """The plural of base first, of basis second."""
    return context[+1] == "of" and context[-1] not in ("two", "three", "four", "military", "naval")


def _axes(context: Context) -> bool:
    """The plural of axe first, of axis second."""
    return context[+1] == "of" or context[-1] in _CURVES or context[-3] in _CURVES


def _moped(context: Context) -> bool:
    """The vehicle M OW1 P EH2 D first, was sad M OW1 P T second."""
    return context[+1] in ("around", "about") or context[-1] in PRONOUNS | SINGULAR_PRONOUNS


def _buffet(context: Context) -> bool:
    """The meal B AH0 F EY1 first, to strike B AH1 F AH0 T second."""
    return context.is_verb or context[+1] in OBJECTS


PARTICIPLE_RULES = {
    "moped": _moped,
    "buffet": _buffet,
    "learned": _learned,
    "blessed": _blessed,
    "aged": _aged,
    "dogged": _dogged,
    "bases": _bases,
    "axes": _axes,
}
"""Rule of each word, by its name in `data/homographs.tsv`."""
