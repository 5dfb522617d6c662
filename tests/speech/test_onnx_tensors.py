"""The tensors of a voice file, read without the package `onnx`, are those that `onnx` reads."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tiedtts.errors import VoiceError
from tiedtts.speech import library, onnx_tensors


@pytest.fixture(scope="module")
def data() -> bytes:
    return library.read("kathleen")


def test_places(data: bytes) -> None:
    places = onnx_tensors.places(data, "kathleen")
    model = onnx.load_from_string(data)
    assert set(places) == {tensor.name for tensor in model.graph.initializer}
    for tensor in model.graph.initializer:
        found = places[tensor.name].read(data)
        wanted = numpy_helper.to_array(tensor)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


def test_metadata_in_place_of_others(data: bytes) -> None:
    changed = onnx_tensors.with_metadata(data, '{"name": "another"}')
    assert onnx_tensors.metadata(changed, "voice") == '{"name": "another"}'
    old, new = onnx.load_from_string(data), onnx.load_from_string(changed)
    assert [entry.key for entry in new.metadata_props] == ["tiedtts"]
    assert new.graph == old.graph
    assert onnx_tensors.metadata(data, "voice") == old.metadata_props[0].value


@pytest.mark.parametrize("cut", [1, 1000, 100_000])
def test_damage(data: bytes, cut: int) -> None:
    with pytest.raises(VoiceError, match="damaged"):
        onnx_tensors.places(data[:-cut], "voice")
