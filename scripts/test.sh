#!/bin/sh
# Install everything into .venv and run all checks. This version of torch has a CPU build at the usual index, too.
set -eu
cd "$(dirname "$0")/.."
python3 -m venv .venv
.venv/bin/python -m pip install -q "torch==2.13.0" -e ".[train,serve,loudness,test]"
.venv/bin/python scripts/check.py
