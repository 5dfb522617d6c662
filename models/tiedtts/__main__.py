"""`python -m tiedtts`: the program `tiedtts`."""

import os
import sys

_PLACE = os.path.dirname(os.path.dirname(__file__))
# `python -m` looks for modules in the current folder first, where anything may lie that is called like one.
if sys.path[0] in ("", os.getcwd()) and os.getcwd() not in (_PLACE, os.path.dirname(_PLACE)):
    del sys.path[0]

from tiedtts_cli.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
