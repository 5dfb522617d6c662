import pytest

from tiedtts.errors import TextError
from tiedtts.text.g2p import Network, g2p_en_file


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        # What g2p-en 2.1.0's own `predict` gives.
        ("zorbik", "Z AO1 R B IH0 K"),
        ("frobnicate", "F R AA1 B N IH0 K AE1 T"),
        ("activationist", "AE2 K T IH0 V EY1 SH AH0 N IH0 S T"),
        ("supercalifragilistic", "S UW2 P ER0 K AH0 L IH1 F S IH0 K EY2 T S"),
    ],
)
def test_as_the_package_predicts(word: str, phones: str) -> None:
    assert Network()(word) == tuple(phones.split())


def test_missing_file() -> None:
    with pytest.raises(TextError, match=r"`none.npz` of the package g2p-en is missing"):
        g2p_en_file("none.npz")
