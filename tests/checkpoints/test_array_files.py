"""Weight files of NumPy: read, tied, and written back as their own program reads them."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.checkpoints.foreign import plan
from tiedtts.checkpoints import array_files
from tiedtts.checkpoints.conversion import convert, revert
from tiedtts.errors import CheckpointError
from tiedtts.measure.statistics import statistics

ARRAYS = {
    "enc/w": np.arange(12, dtype=np.float32).reshape(4, 3),
    "file": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "swapped": np.arange(3, dtype=">f4"),
    "steps": np.array(7),
    "names": np.array(["a", "bc"]),
    "half": np.ones((2, 2), np.float16),
}


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_arrays_come_back(packing: int, tmp_path: Path) -> None:
    arrays = dict(ARRAYS)
    # As `numpy.savez` does, which takes `file` for its own argument.
    with zipfile.ZipFile(tmp_path / "a.npz", "w", packing) as archive:
        for name, value in arrays.items():
            with archive.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, value)
    assert statistics(tmp_path / "a.npz").total.unique_parameters == 12 + 6 + 3 + 4
    made = convert(tmp_path / "a.npz", tmp_path / "t.safetensors", plan("*", "codebook", k=64))
    assert len(made.report.layers) == 3
    # Of the same kind, whatever it is called, and as the kind that the suffix asks for.
    for name in ("b.npz", "b"):
        revert(tmp_path / "t.safetensors", tmp_path / name)
        with np.load(tmp_path / name) as back:
            assert sorted(back.files) == sorted(arrays)
            for key, value in arrays.items():
                assert back[key].dtype == value.dtype.newbyteorder("=")
                assert np.array_equal(back[key], value)
    revert(tmp_path / "t.safetensors", tmp_path / "b.pt")
    assert statistics(tmp_path / "b.pt").total.unique_parameters == 25


def test_arrays_that_are_no_good(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.array([{}], dtype=object))
    with pytest.raises(CheckpointError, match="holds pickled objects, not only arrays"):
        array_files.read(path)
    np.savez_compressed(path, a=np.zeros(1 << 23))
    with pytest.raises(CheckpointError, match="which its own size belies"):
        array_files.read(path)
    np.savez(path, a=np.ones(3))
    path.write_bytes(path.read_bytes().replace(b"NUMPY", b"NUMPX"))
    with pytest.raises(CheckpointError, match="damaged, or not a checkpoint"):
        array_files.read(path)
    with pytest.raises(CheckpointError, match="cannot hold these tensors"):
        array_files.write(tmp_path / "b.npz", {}, "[")
