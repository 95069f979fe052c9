#!/bin/sh
# Run the portable tests on every other Python of this machine:
#
#   tools/other_pythons.sh PYTHON MARKERS JOBS
#
# PYTHON is the one that already ran them. Each other one gets .venvs/VERSION, kept for the next time.
set -eu
used="$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
markers="$2"
jobs="$3"

others="$(tools/pythons.sh --except "$used")"
if [ -z "$others" ]; then
    echo "No other Python to test on: only $used is here"
    exit 0
fi

echo "$others" | while read -r version python; do
    folder=".venvs/$version"
    ready="$folder/.ready"
    [ -x "$folder/bin/python" ] || tools/venv.sh "$python" "$folder"
    if [ ! -e "$ready" ] || [ pyproject.toml -nt "$ready" ] || [ constraints.txt -nt "$ready" ]; then
        echo "Installing into $folder"
        "$folder/bin/python" -m pip --no-input --disable-pip-version-check install --quiet \
            --constraint constraints.txt --build-constraint constraints.txt \
            --editable '.[cli,nlp,requests,aiohttp,testing,server,example-server]' --group test </dev/null
        touch "$ready"
    fi
    echo "Python $version"
    "$folder/bin/python" -m pytest -p tools.no_skips -p no:cacheprovider -n "$jobs" --dist loadfile \
        -m "$markers" --ignore=tests/packaging </dev/null
done
