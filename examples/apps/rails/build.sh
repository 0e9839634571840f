#!/bin/bash
# Gems with native code are built for the Ruby that runs this, so it must be the image's version on the same
# architecture. Run it in such a place, for example in a container of amazonlinux:2023.
set -euo pipefail
bundle config set --local path vendor/bundle
bundle config set --local without development:test
bundle install --quiet
