"""Clauses of a sentence that is still coming, said while somebody waits for them."""

from tiedtts.text import first_clause
from tiedtts.text.first_clause import LONGEST, SHORTEST
from tiedtts.text.frontend import Sentence


def complete(sentence: Sentence, *, is_marked: bool) -> Sentence | None:
    """Return the clauses that are complete in the beginning of a sentence, if there are any.

    They end at the last mark. Where a long stretch has none, they end at its last phrase break that has
    enough words behind it to be certain.

    Args:
        sentence: Its beginning, so far as its words are whole; it ends with the phone of a comma.
        is_marked: Whether a mark is written there.
    """
    phones = sentence.phones
    last = len(phones) - 1
    if is_marked:
        return sentence
    pauses = [place for place in range(2, last) if phones[place].symbol == ","]
    marks = [place for place in pauses if not phones[place].is_break]
    if not marks and last >= LONGEST:
        marks = [place for place in pauses if SHORTEST <= place <= last - SHORTEST]
    return first_clause.halves(sentence, marks[-1] + 1)[0] if marks else None
