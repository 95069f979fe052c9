"""`python -m mm_actions.cli`: the same as `mm-actions`."""

import sys

from mm_actions.cli import main

if __name__ == "__main__":
    sys.exit(main())
