"""Caches of libraries: in a folder that goes with the process, not in the user's home."""

import atexit
import contextlib
import os
import shutil

VARIABLES = ("MPLCONFIGDIR", "TORCHINDUCTOR_CACHE_DIR")
"""Environment variables that name the folders of matplotlib and torch."""


def redirect() -> None:
    """Give libraries that are imported from now on, in processes of this one, too, a folder of their own.

    Variables that the user has set are left alone.
    """
    missing = [name for name in VARIABLES if name not in os.environ]
    if not missing:
        return
    import tempfile

    # Where there is no place for temporary files, the command tells so if it needs one.
    with contextlib.suppress(OSError):
        folder = tempfile.mkdtemp(prefix="tiedtts-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ.update(dict.fromkeys(missing, folder))
