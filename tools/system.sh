#!/bin/sh
# What some tests need beyond Python: a Chromium (Swagger UI in a real browser) and a Java runtime
# (openapi-generator). Installed with apt-get where we are root; otherwise named. Without them these
# tests are skipped, except under CI=true, where that is a failure.
set -eu

missing=""
need() { missing="$missing $1"; }

has_any() {
    for command in "$@"; do
        if command -v "$command" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

has_any chromium chromium-browser google-chrome || need chromium
# macOS has a `java` that only says that there is none, so it is asked.
java -version >/dev/null 2>&1 || need default-jre-headless

[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # two words are two packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    exit 0
fi

echo "Missing on this machine:$missing" >&2
echo "On Debian: sudo apt-get install$missing" >&2
if [ "${CI:-}" = true ]; then
    echo "CI=true: the tests that need them may not be skipped." >&2
    exit 1
fi
echo "The tests that need them will be skipped." >&2
