"""The schemes by name."""

from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.schemes.cluster import Cluster
from tiedtts.tying.schemes.codebook import Codebook
from tiedtts.tying.schemes.diagonal import Diagonal
from tiedtts.tying.schemes.identity import Identity
from tiedtts.tying.schemes.io import Io
from tiedtts.tying.schemes.lowrank import LowRank
from tiedtts.tying.schemes.separable import Separable
from tiedtts.tying.schemes.share import Share
from tiedtts.tying.tied_layer import TiedLayer

SCHEMES: dict[str, type[TiedLayer]] = {
    scheme.scheme: scheme for scheme in (Identity, Diagonal, Separable, LowRank, Cluster, Share, Codebook, Io)
}
"""Every scheme, from the most to the least that it takes from a layer, structural ties first."""


def fitting(spec: LayerSpec) -> list[str]:
    """Return the names of the schemes that can tie a layer with their default options."""
    return [
        name
        for name, scheme in SCHEMES.items()
        if scheme is not Io and scheme.refusal(spec, scheme.options_type()) is None
    ]
