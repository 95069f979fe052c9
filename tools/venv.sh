#!/bin/sh
# Make a virtual environment: tools/venv.sh PYTHON FOLDER
#
# Debian splits `venv` from Python; where that part is missing and we are root, it is installed.
set -eu
python="$1"
folder="$2"

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package="$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing $package"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"
    else
        echo "$python cannot make virtual environments. On Debian or Ubuntu: sudo apt-get install $package" >&2
        exit 1
    fi
fi
"$python" -m venv "$folder"
# --group and --build-constraint are newer than the pip that comes with Python 3.11.
"$folder/bin/python" -m pip install --quiet --upgrade 'pip>=25.3'
