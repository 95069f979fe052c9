#!/bin/sh
# Run the portable tests on every other Python of this machine:
#
#   tools/other_pythons.sh PYTHON MARKERS JOBS [all]
#
# PYTHON is the one that already ran them. Each other one gets .venvs/VERSION, kept for the next time. The
# newest runs the tests of the rooms that are closest to the interpreter, those between only what everything
# stands on, unless it is to be all of them.
set -eu
used="$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
markers="$2"
jobs="$3"
all="${4:-}"
basic="tests/architecture tests/contract tests/core tests/config tests/resilience tests/client tests/application"
close="$basic tests/dialects tests/nlp tests/transports tests/server tests/testing tests/interaction"

others="$(tools/pythons.sh --except "$used")"
if [ -z "$others" ]; then
    echo "No other Python to test on: only $used is here"
    exit 0
fi

oldest="$(tools/pythons.sh | sort -V | head -n 1 | cut -d ' ' -f 1)"
newest="$(tools/pythons.sh | sort -V | tail -n 1 | cut -d ' ' -f 1)"

echo "$others" | while read -r version python; do
    folder=".venvs/$version"
    ready="$folder/.ready"
    [ -x "$folder/bin/python" ] || tools/venv.sh "$python" "$folder"
    if [ ! -e "$ready" ] || [ pyproject.toml -nt "$ready" ] || [ constraints.txt -nt "$ready" ]; then
        echo "Installing into $folder"
        "$folder/bin/python" -m pip --no-input --disable-pip-version-check install --quiet \
            --constraint constraints.txt --build-constraint constraints.txt \
            --editable '.[cli,nlp,requests,aiohttp,testing,server,reload,metrics,telemetry,ui,example-server]' --group test </dev/null
        touch "$ready"
    fi
    echo "Python $version"
    chosen="$basic"
    [ "$version" != "$oldest" ] && [ "$version" != "$newest" ] || chosen="$close"
    [ -z "$all" ] || chosen="tests"
    CACHE="$folder/.pytest_cache"
    export CACHE
    # shellcheck disable=SC2086 # several folders are several arguments
    tools/suite.sh "$jobs" "$folder/bin/python" -m pytest -p tools.no_skips -p tools.no_hangs \
        -m "$markers" --ignore=tests/packaging $chosen </dev/null
done
