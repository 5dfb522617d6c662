r"""Lines of a user lexicon: words, phrases and patterns, and how each is said.

kubectl         K Y UW1 B K AH0 N T R OW1 L         phones
tomato          /təˈmɑːtəʊ/                         IPA
gif           = jiff                                other words, with phones in braces if need be
New York City = the big apple                       a phrase
"hors d'oeuvre" AO2 R D ER1 V                       a phrase with phones: in quotes, or two spaces behind it
/v(\d+)\.(\d+)/ = version \1 point \2               a regular expression with groups; /.../i minds no capitals
@5 Reading    = redding                             a priority: the highest is tried first, 0 if none is told
"""

import re
import unicodedata
from dataclasses import dataclass, field

from tiedtts.quoting import quoted
from tiedtts.text.characters import clean
from tiedtts.text.phones import CONSONANTS, VOWELS, split_stress
from tiedtts.text.pronounce.bounded import SECONDS, Bounded
from tiedtts.text.pronounce.ipa import to_arpabet

PHONE_HINT = f"phones are {' '.join(CONSONANTS)} and, with a stress digit 0, 1 or 2, {' '.join(VOWELS)}"
IPA_HINT = "sounds of English in IPA, as in `tomato  /təˈmeɪtoʊ/`"
PATTERN_HINT = r"a pattern is `/v(\d+)/ = version \1`; a backslash stands before a slash in it"
TOO_LONG = f"more than {SECONDS:g} s for one sentence"
SLOW_HINT = "let nothing be repeated within what is repeated: `(a+)+` is `a+`"
PRIORITIES = (-1_000, 1_000)
"""Lowest and highest."""

_PRIORITY = re.compile(r"@([+-]?\d+)\s+")
_PATTERN = re.compile(r"/((?:[^/\\]|\\.)+)/([a-zA-Z]*)(?=\s|=)")
_IN_QUOTES = re.compile(r'"([^"]*)"(?=\s|=)')
_GAP = re.compile(r"\t\s*|\s{2,}")
_IPA = re.compile(r"\s(?=/[^/]+/\s*$|\[[^\[\]]+\]\s*$)")
_GROUP = re.compile(r"\$(\d)(?!\d)")


class Wrong(ValueError):
    """A line that cannot be read.

    Args:
        message: What is wrong.
        hint: The way out.
    """

    def __init__(self, message: str, hint: str = PHONE_HINT) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Entry:
    """The pronunciation a user wants for a word: phones or other words."""

    phones: tuple[str, ...] = ()
    """ARPAbet labels with stress digits."""
    respelling: str = ""
    """Ordinary words to speak instead."""
    file: str = field(default="", compare=False)
    """The file it was read from."""
    priority: int = 0
    """The higher, the earlier it is looked for."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression, and what is read in place of what it finds."""

    found: Bounded
    template: str
    """The words, with `\\1` or `\\g<name>` for groups."""
    file: str = field(default="", compare=False)
    """The file it was read from."""
    line: int = field(default=0, compare=False)
    """Number of its line there."""
    priority: int = 0
    """The higher, the earlier it is looked for."""


def read_labels(text: str) -> tuple[str, ...]:
    """Read phones separated by spaces; a vowel without a digit gets primary stress.

    Raises:
        ValueError: A part is not a phone; its text is the argument.
    """
    labels = []
    for part in text.split():
        symbol, stress = split_stress(part)
        labels.append(f"{symbol}{stress - 1}" if stress else symbol)
    return tuple(labels)


def read(line: str) -> tuple[str, Entry] | Pattern | None:
    """Read a line; nothing if it is empty or a comment.

    Returns:
        A word or a phrase, as `key` writes it, and its entry; or a pattern.

    Raises:
        Wrong: It is neither.
    """
    line = without_comment(line).strip()
    if not line:
        return None
    priority = 0
    if match := _PRIORITY.match(line):
        line = line[match.end() :]
        priority = int(match[1][:9])
        if not PRIORITIES[0] <= priority <= PRIORITIES[1]:
            raise Wrong(f"a priority is {PRIORITIES[0]:,} to {PRIORITIES[1]:,}, got: {quoted(match[1])}")
    if match := _PATTERN.match(line):
        return _pattern(match[1], match[2], line[match.end() :], priority)
    word, reading = _parted(line)
    phones, respelling = _reading(reading, word)
    name = key(word)
    if not name:
        raise Wrong(f"`{quoted(line)}` has no word before its reading")
    return name, Entry(phones, respelling, priority=priority)


def without_comment(line: str) -> str:
    """Return a line without its comment: `#` begins a line, or stands behind a space."""
    # `c# = see sharp` is a word. What stands in a pattern belongs to it.
    match = _PATTERN.match(line.lstrip())
    begin = match.end() + len(line) - len(line.lstrip()) if match else 0
    start = 0 if not begin and line.lstrip().startswith("#") else line.find(" #", begin)
    return line if start < 0 else line[:start]


def key(word: str) -> str:
    """Return a word or a phrase as it is looked for: cleaned as texts are, in small letters."""
    word = unicodedata.normalize("NFC", " ".join(word.split()))
    word = (" ".join(clean(word).split()) or word).lower()
    # CMU style: further pronunciations are written `word(2)`.
    return word[:-3] if word[-3:-2] == "(" and word[-1] == ")" and word[-2].isdigit() else word


def _parted(line: str) -> tuple[str, str]:
    """Return a word or a phrase, and what says how it is read."""
    if line.startswith('"'):
        match = _IN_QUOTES.match(line)
        if match is None or not match[1].strip():
            raise Wrong(f"`{quoted(line)}` has no word in its quotes", 'such as `"New York" = the big apple`')
        return match[1], line[match.end() :].strip()
    written, equals, _ = line.partition("=")
    if equals and written.strip():
        return written, line[len(written) :].strip()
    for pattern in (_GAP, _IPA):
        match = pattern.search(line)
        if match is None:
            continue
        before, after = line[: match.start()], line[match.end() :]
        first, *others = before.split()
        # `word K Y  UW1`: the gap stands among the phones.
        if not others or not all(map(_is_label, others)):
            return before, after
    first, *others = line.split(None, 1)
    return first, "".join(others)


def _is_label(text: str) -> bool:
    try:
        return bool(read_labels(text)) and text.isupper()
    except ValueError:
        return False


def _reading(text: str, word: str) -> tuple[tuple[str, ...], str]:
    """Return the phones or the words that a reading gives.

    Raises:
        Wrong: It gives none.
    """
    shown = quoted(word.strip())
    if text.startswith("="):
        text = text[1:].strip()
        if not text:
            raise Wrong(f"`{shown}` has no words after `=`")
        if not _is_ipa(text):
            return (), _words(text, shown)
    if not text.strip():
        raise Wrong(f"`{shown}` has no phones")
    if _is_ipa(text) or not text.isascii():
        bare = text.strip()[1:-1] if _is_ipa(text) else text
        try:
            phones = to_arpabet(bare)
        except ValueError as error:
            raise Wrong(f"`{quoted(str(error))}` is no sound of English in IPA", IPA_HINT) from None
        if not phones:
            raise Wrong(f"`{shown}` has no sounds in `{quoted(text)}`", IPA_HINT)
        return phones, ""
    try:
        return read_labels(text), ""
    except ValueError as error:
        raise Wrong(f"`{quoted(str(error))}` is not a phone") from None


def _is_ipa(text: str) -> bool:
    text = text.strip()
    return len(text) > 2 and (text[0], text[-1]) in (("/", "/"), ("[", "]"))


def _words(text: str, shown: str) -> str:
    """Return a respelling, all of which can be said: its phones in braces are phones."""
    for braces in re.findall(r"\{[^{}]*\}?", text):
        try:
            good = braces.endswith("}") and read_labels(braces[1:-1])
        except ValueError as error:
            raise Wrong(f"`{quoted(str(error))}` in `{quoted(braces)}` is not a phone") from None
        if not good:
            raise Wrong(f"`{quoted(braces)}` holds no phones")
    if not re.search(r"[^\W_]", text):
        raise Wrong(f"`{shown}` has no words in `{quoted(text)}`", "such as `gif = jiff`")
    return text


def _pattern(written: str, flags: str, rest: str, priority: int) -> Pattern:
    """Read a regular expression and what it stands for.

    Raises:
        Wrong: It is none, or refers to a group that there is not.
    """
    shown = quoted(f"/{written}/{flags}")
    unknown = set(flags.lower()) - {"i"}
    if unknown:
        raise Wrong(f"`{shown}` has a flag that there is not: {min(unknown)}", "`i` minds no capitals")
    try:
        found = Bounded(written, ignore_case=bool(flags))
    except ValueError as error:
        raise Wrong(f"`{shown}` is no regular expression: {error}", PATTERN_HINT) from None
    try:
        is_everywhere = found.finds_nothing()
    except TimeoutError:
        raise Wrong(f"`{shown}` takes too long: {TOO_LONG}", SLOW_HINT) from None
    if is_everywhere:
        raise Wrong(f"`{shown}` finds nothing at all everywhere", "let it find at least one character")
    rest = rest.strip()
    if not rest:
        raise Wrong(f"`{shown}` has no reading", PATTERN_HINT)
    if rest.startswith("=") and not _is_ipa(rest[1:]):
        template = rest[1:].strip()
        if not template:
            raise Wrong(f"`{shown}` has no words after `=`", PATTERN_HINT)
        template = _GROUP.sub(
            lambda match: rf"\g<{match[1]}>" if int(match[1]) <= found.groups else match[0], template
        )
    else:
        phones, _ = _reading(rest, shown)
        template = "{" + " ".join(phones) + "}"
    try:
        found.check_template(template)
    except ValueError as error:
        raise Wrong(f"`{shown}`: `{quoted(template)}` cannot be filled in: {error}", PATTERN_HINT) from None
    return Pattern(found, template, priority=priority)
