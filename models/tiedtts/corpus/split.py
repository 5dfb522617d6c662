"""The split of a corpus: which prompts are kept from training."""

import hashlib
from collections.abc import Iterable


def held_out(prompts: Iterable[str], share: float, seed: int) -> set[str]:
    """Choose the prompts to keep from training: the same ones whenever the prompts are the same.

    Args:
        prompts: Prompts of all recordings that can be used.
        share: Share of the prompts, 0 to 1; at least one is chosen if it is more than 0 and there are two.
        seed: Seed of the choice.
    """
    ranked = sorted(set(prompts), key=lambda prompt: hashlib.sha256(f"{seed}:{prompt}".encode()).hexdigest())
    least = 1 if share > 0 and len(ranked) > 1 else 0
    return set(ranked[: max(least, round(share * len(ranked)))])
