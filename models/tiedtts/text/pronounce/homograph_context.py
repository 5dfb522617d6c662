"""The context of a homograph: the words around it, and the part of speech that they call for."""

from collections.abc import Sequence

DETERMINERS = frozenset(
    "a an the this that these those my your his her its our their whose some any every each no "
    "another what which "
    "one two three four five six seven eight nine ten first second third last next new old same own other "
    "good bad great big small little long short main early late young full".split()
)
POSSESSIVES = frozenset("my your his her its our their whose".split())
PRONOUNS = frozenset("i you we they who".split())
SINGULAR_PRONOUNS = frozenset("he she it".split())
MODALS = frozenset(
    "to will would shall should can could may might must do does did don't doesn't didn't "
    "won't wouldn't can't "
    "cannot couldn't shouldn't mustn't let's please not never i'll you'll he'll she'll it'll we'll they'll "
    "i'd you'd he'd she'd we'd they'd let help".split()
)
BE = frozenset(
    "is are was were be been being am i'm you're he's she's it's we're they're isn't aren't wasn't".split()
)
HAVE = frozenset("have has had having i've you've we've they've haven't hasn't hadn't he's she's".split())
OBJECTS = frozenset("the a an it them him us me you my your his her its our their these those".split())
"""Words that, right after a word, make it a verb."""
PREPOSITIONS = frozenset(
    "of in on at by for with from into about without under over against between through".split()
)
ADVERBS = frozenset(
    "very so too quite more most rather really pretty fairly less as how extremely particularly".split()
)
PAST_SIGNS = frozenset(
    "yesterday ago once had was were took got sat came went wrote said saw found gave told thought stood "
    "held sent began put left earlier previously".split()
)


class Context:
    """The words around one word, in lower case; a pause counts as the word `,`."""

    def __init__(self, words: Sequence[str], index: int) -> None:
        self.words = words
        self.index = index

    def __getitem__(self, offset: int) -> str:
        place = self.index + offset
        return self.words[place] if 0 <= place < len(self.words) else ""

    @property
    def is_verb(self) -> bool:
        """Whether the words before call for a verb in its base form."""
        before, earlier = self[-1], self[-2]
        if before.endswith("ly") or before in (
            "also",
            "always",
            "often",
            "still",
            "now",
            "both",
            "all",
            "not",
            "never",
        ):
            before, earlier = self[-2], self[-3]
            if before in BE:
                return False
        if before in MODALS or (before in PRONOUNS and earlier not in BE):
            return True
        return before == "and" and self[-3] in MODALS

    @property
    def is_noun(self) -> bool:
        """Whether the words before call for a noun."""
        before = self[-1]
        return before in DETERMINERS or before in PREPOSITIONS or before.endswith("'s")
