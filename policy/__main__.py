"""Run `python -m policy`."""

import sys

from policy.command import main

sys.exit(main())
