#!/bin/bash
# Vendors wheels for the image's Python and architecture, whatever machine runs this. A virtual environment would not
# work, because it contains absolute paths of the machine that made it.
set -euo pipefail
python3 -m pip install --quiet --disable-pip-version-check --target vendor --no-compile --only-binary=:all: \
  --implementation cp --python-version 3.12 --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 \
  --requirement requirements.txt
rm -r vendor/bin  # scripts that name this machine's Python; `python3.12 -m` doesn't need them
