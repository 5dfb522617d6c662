"""`python -m tiedtts_cli`, which is what `torchrun -m tiedtts_cli` runs."""

import os
import sys

# `python -m` looks for modules in the current folder first, where anything may lie that is called like one.
if sys.path[0] in ("", os.getcwd()) and os.path.dirname(os.path.dirname(__file__)) != os.getcwd():
    del sys.path[0]

from tiedtts_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
