#!/bin/sh
# Print constraints.txt for what an environment holds: tools/pins.sh PYTHON
set -eu
echo "# The versions that the tests ran with. Made by \`make pins\`; pip reads it with --constraint."
# Names and versions only: where a package came from is the business of the machine that installs it.
"$1" -m pip --disable-pip-version-check list --format=freeze --exclude-editable |
    grep -viE '^(pip|mm[-_]actions)==' | LC_ALL=C sort -f
