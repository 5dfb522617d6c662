"""Hubs: models of libraries that save and load them by functions of their own."""

import contextlib
import sys

from torch import nn

from tiedtts.errors import TiedTTSError


def declare(model: nn.Module) -> None:
    """Let a library know what is tied in a model of its own, so that it saves and loads it; see `pretrained`.

    Args:
        model: Any; only models of Hugging Face's `transformers` in it are changed, in their configuration.
    """
    # Whoever has such a model has loaded it.
    # Models of before version 5 do not say by name which of their weights are one.
    if "transformers" not in sys.modules:
        return
    if not hasattr(model, "all_tied_weights_keys"):
        for inner in model.children():
            declare(inner)
        return
    from tiedtts.tying import pretrained

    # What shares weights with something around it cannot be saved by itself.
    with contextlib.suppress(TiedTTSError):
        pretrained.declare(model)
