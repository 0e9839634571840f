#!/bin/bash
# Vendors for the image: wheels for its Python and architecture, whatever runs this. A virtual environment would not
# do, because it holds absolute paths of the machine that made it.
set -euo pipefail
python3 -m pip install --quiet --disable-pip-version-check --target vendor --no-compile --only-binary=:all: \
  --implementation cp --python-version 3.12 --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 \
  --requirement requirements.txt
rm -r vendor/bin  # scripts that name the Python of this machine; `python3.12 -m` needs none
