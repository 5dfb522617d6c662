"""Homographs with rules of their own: `read`, `live`, `lead` and others, one function a word.

Each returns whether the words around call for the second of the two pronunciations.
"""

from tiedtts.text.pronounce.homograph_context import (
    ADVERBS,
    BE,
    DETERMINERS,
    HAVE,
    MODALS,
    OBJECTS,
    PAST_SIGNS,
    POSSESSIVES,
    PRONOUNS,
    SINGULAR_PRONOUNS,
    Context,
)


def _content(context: Context) -> bool:
    """Contents first, pleased second."""
    if context[+1] == "with" or context[-1] in ADVERBS or context.is_verb:
        return True
    return context[-1] in BE and context[+1] in (",", "", "to", "and")


def _lives(context: Context) -> bool:
    """The plural of life first, the verb second."""
    return (
        context[-1] in SINGULAR_PRONOUNS
        or context[-1] in ("who", "that", "which", "still", "now", "also")
        or (
            context[+1] in ("in", "at", "on", "near", "alone", "here", "there", "next", "with")
            and context[-1] not in POSSESSIVES | BE | {"the", "of", "many", "lost", "saved", "save", "two"}
        )
    )


def _close(context: Context) -> bool:
    """Near first, to shut second."""
    before, after = context[-1], context[+1]
    if after in ("to", "by", "friend", "friends", "together", "enough", "call", "up", "range") and not (
        after == "up" and context.is_verb
    ):
        return before in ("the",) and context[-2] == "at"
    if before in ("at", "from", "until") or (before == "the" and after in ("of", ",", "")):
        return before == "the"
    if (
        before in BE
        or before in ADVERBS
        or before in DETERMINERS
        or before in ("stay", "get", "got", "came", "come")
    ):
        return False
    return context.is_verb or after in DETERMINERS or before in ("", ",", "and", "they")


def _read(context: Context) -> bool:
    """Present (R IY1 D) first, past or participle (R EH1 D) second."""
    before = context[-1]
    if before.endswith("ly") or before in (
        "also",
        "always",
        "often",
        "just",
        "already",
        "never",
        "ever",
        "not",
    ):
        if before in ("already", "just", "ever") and context[-2] not in MODALS:
            return True
        before = context[-2]
    if before in BE or before in HAVE or (before in PRONOUNS | SINGULAR_PRONOUNS and context[-2] in HAVE):
        return True
    if before in MODALS or context.is_noun:
        return False
    if before in SINGULAR_PRONOUNS:
        return context[-2] not in MODALS and context[-2] not in ("make", "made", "makes", "can", "could")
    then = any(context[k] in ("last", "this") and context[k + 1] in _TIMES for k in range(1, 6))
    if then and context[-2] not in MODALS:
        return True
    near = [context[k] for k in range(-8, 9) if k]
    if context[-2] not in MODALS and any(_is_past(word) for word in near):
        return True
    return before not in PRONOUNS and before not in ("", ",", "and", "or", "who")


def _is_past(word: str) -> bool:
    return word in PAST_SIGNS or (
        len(word) > 4 and word.endswith("ed") and word[-3] != "e" and word != "hundred"
    )


_TIMES = frozenset(
    "week night month year summer winter spring fall autumn morning evening afternoon weekend time monday "
    "tuesday wednesday thursday friday saturday sunday".split()
)
_SHOWN = frozenset(
    "broadcast perform performed performing performs recorded streamed streaming aired airs "
    "televised shown".split()
)
_LIVE_THINGS = frozenset(
    "music show shows broadcast broadcasts performance performances concert concerts stream streams audience "
    "tv television radio wire wires ammunition band bands action coverage feed feeds updates chat streaming "
    "birth births animals bait recording recordings event events version album".split()
)


def _live(context: Context) -> bool:
    """The verb L IH1 V first, the adjective L AY1 V second."""
    before, after = context[-1], context[+1]
    if before in _SHOWN:
        return True
    if context.is_verb or before in ("people", "and", "who", "that", "where", "we", "long"):
        return False
    if before in DETERMINERS or before in BE or before == "went" or before == "go":
        return True
    return after in _LIVE_THINGS


_LEADED = frozenset("paint water pipes gasoline petrol soil blood toys glass".split())


def _lead(context: Context) -> bool:
    """To go first, L IY1 D, first; the metal L EH1 D second."""
    if context[-1] == "pencil":
        return True
    metals = ("pipe", "pipes", "paint", "poisoning", "pencil", "acid", "mine", "mines", "bullet", "bullets")
    if context[+1] in metals or context[-1] in ("molten", "of"):
        return True
    if context[-1] in ("", ",") and context[+1] in ("is", "was", "melts", "has"):
        return True
    if context[-1] == "as" and context[-3] == "as":
        return True
    if context[+1] == "in" and _LEADED.intersection((context[+2], context[+3])):
        return True
    return context[+1] in ("and", "or") and context[+2] in (
        "zinc",
        "tin",
        "copper",
        "iron",
        "silver",
        "steel",
        "mercury",
    )


def _wind(context: Context) -> bool:
    """The air W IH1 N D first, to turn W AY1 N D second."""
    if context[+1] in ("up", "down", "through") and not context.is_noun:
        return True
    if context[-1] in ("", ",") and context[+1] in OBJECTS:
        return True
    return context.is_verb and context[+1] not in ("turbine", "power", "speed")


_CLOTH = frozenset(
    "shirt dress coat sleeve fabric cloth jeans pants skirt paper page curtain sail tent muscle "
    "ligament skin".split()
)


def _tear(context: Context) -> bool:
    """A drop from the eye T IH1 R first, to rip T EH1 R second."""
    if context[+1] in ("up", "down", "apart", "off", "out", "open", "it", "them", "away", "into", "through"):
        return True
    if context[+1] == "in" and _CLOTH.intersection((context[+2], context[+3], context[+4])):
        return True
    if context[-1] in ("", ",") and context[+1] in ("along", "here", "the", "a", "this"):
        return True
    return context.is_verb or context[+1] in POSSESSIVES or (context[-1] == "and" and context[-2] == "wear")


def _bow(context: Context) -> bool:
    """Knot or weapon B OW1 first, to bend B AW1 second."""
    if context[+1] in ("down", "out", "before", "to", "low", "his", "her", "your", "our", "their"):
        return True
    if context[-1] in ("deep", "low", "slight", "polite", "ship's") or context[-2] in (
        "took",
        "take",
        "takes",
    ):
        return True
    return context.is_verb


def _minute(context: Context) -> bool:
    """Sixty seconds first, tiny second."""
    if context[-1] in ADVERBS:
        return context[+1] != "as"
    after = (
        "amount",
        "amounts",
        "detail",
        "details",
        "particles",
        "quantities",
        "quantity",
        "differences",
        "traces",
    )
    return context[+1] in after


def _wound(context: Context) -> bool:
    """An injury W UW1 N D first, turned W AW1 N D second."""
    if context.is_noun:
        return False
    before, after = context[-1], context[+1]
    return (
        before in PRONOUNS | SINGULAR_PRONOUNS
        or after in OBJECTS
        or after in ("up", "down", "around", "through")
    )


def _dove(context: Context) -> bool:
    """The bird first, jumped D OW1 V second."""
    return context[-1] in PRONOUNS | SINGULAR_PRONOUNS or context[+1] in (
        "into",
        "in",
        "off",
        "down",
        "under",
        "deep",
    )


def _sow(context: Context) -> bool:
    """To plant S OW1 first, the animal S AW1 second."""
    return context[-1] in ("a", "the", "old", "fat")


def _used(context: Context) -> bool:
    """Employed Y UW1 Z D first, accustomed Y UW1 S T second."""
    if context[+1] != "to":
        return False
    return context[-1] not in ("is", "are", "was", "were", "be", "been", "being") or context[+2] in (
        DETERMINERS | {"it", "being", "them", "him", "me", "us", "working", "living", "having"}
    )


_FISHING = frozenset("fish fishing caught catch lake river sea striped largemouth grilled boat".split())


def _bass(context: Context) -> bool:
    """Low notes B EY1 S first, the fish B AE1 S second."""
    return bool(_FISHING.intersection(context[k] for k in range(-5, 6) if k))


def _invalid(context: Context) -> bool:
    """Not valid first, a sick person second."""
    after = context[+1]
    return context[-1] in ("an", "the", "this", "elderly") and after in (
        "",
        ",",
        "who",
        "was",
        "is",
        "in",
        "and",
    )


def _does(context: Context) -> bool:
    """The verb D AH1 Z first, deer D OW1 Z second."""
    return context[-1] in ("two", "three", "the", "bucks") and context[+1] in (
        "and",
        "were",
        "are",
        "ran",
        "graze",
    )


WORD_RULES = {
    "content": _content,
    "lives": _lives,
    "close": _close,
    "read": _read,
    "live": _live,
    "lead": _lead,
    "wind": _wind,
    "tear": _tear,
    "bow": _bow,
    "minute": _minute,
    "wound": _wound,
    "dove": _dove,
    "sow": _sow,
    "used": _used,
    "does": _does,
    "bass": _bass,
    "invalid": _invalid,
}
"""Rule of each word, by its name in `data/homographs.tsv`."""
