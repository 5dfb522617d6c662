"""`python -m tiedtts_cli`, which is what `torchrun -m tiedtts_cli` runs."""

import sys

from tiedtts_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
