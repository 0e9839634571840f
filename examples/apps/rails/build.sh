#!/bin/bash
# Gems with native code are built for the Ruby that runs this: it must be the image's version, on the same
# architecture. Run it where that is so, as in a container of amazonlinux:2023.
set -euo pipefail
bundle config set --local path vendor/bundle
bundle config set --local without development:test
bundle install --quiet
