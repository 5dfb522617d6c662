"""Homographs: words with one spelling and two pronunciations, chosen by the words around them.

Each word has two pronunciations and a default. Small rules on neighbouring words choose: those for nouns and
verbs here (a determiner before makes a noun; `to`, a modal or a pronoun makes a verb), and those for single
words in `homograph_words`.
"""

from collections.abc import Sequence
from functools import cache

from tiedtts.text import tables
from tiedtts.text.pronounce.homograph_context import BE, OBJECTS, PREPOSITIONS, SINGULAR_PRONOUNS, Context
from tiedtts.text.pronounce.homograph_words import WORD_RULES
from tiedtts.text.pronounce.lexicon import Pronunciation
from tiedtts.text.pronounce.morphology import plural
from tiedtts.text.pronounce.participles import PARTICIPLE_RULES


def choose(words: Sequence[str], index: int) -> Pronunciation:
    """Return the pronunciation of `words[index]` here, nothing if it is no homograph.

    Args:
        words: The words of a sentence in lower case, pauses as `,`.
        index: Place of the word.
    """
    word = words[index]
    table = _table()
    if word not in table:
        return ()
    kind, first, second = table[word]
    return second if _RULES[kind](Context(words, index)) else first


def _verb(context: Context) -> bool:
    """Noun first, verb second."""
    if context.is_verb:
        return True
    if context.is_noun or context[-1] in BE:
        return False
    return context[+1] in OBJECTS or _after_plural(context)


def _after_plural(context: Context) -> bool:
    """Whether a plural before is the subject: `graduates graduate in May`, but not `the sales record of`."""
    before = context[-1]
    if not before.endswith("s") or before.endswith(("ss", "us", "is", "'s")) or len(before) < 5:
        return False
    return context[-2] in ("", ",") and (context[+1] in PREPOSITIONS or context[+1].endswith("ly"))


def _verbs(context: Context) -> bool:
    """Nouns first, verb with the ending of `he` or `she` second."""
    if context[-1] in SINGULAR_PRONOUNS or context[-1] in ("who", "which", "also"):
        return True
    return not context.is_noun and context[+1] in OBJECTS


def _verb_default(context: Context) -> bool:
    """Noun first, verb second; without a sign it is the verb."""
    return context.is_verb or not context.is_noun


_RULES = {**PARTICIPLE_RULES, "verb": _verb, "verb_default": _verb_default, "verbs": _verbs, **WORD_RULES}


@cache
def _table() -> dict[str, tuple[str, Pronunciation, Pronunciation]]:
    table = {}
    for rule, words in tables.read("homographs").items():
        for word, phones in words.items():
            first, second = (tuple(each.split()) for each in phones.split("\t"))
            table[word] = (rule, first, second)
    for word, (rule, first, second) in list(table.items()):
        if rule.startswith("verb"):
            table.setdefault(word + "s", ("verbs", plural(first), plural(second)))
    return table
