#!/bin/sh
# Run tests in several processes at once, on a machine with all cores busy:
#
#   tools/suite.sh JOBS COMMAND...
#
# COMMAND is the pytest command for one process. Up to LIMIT tests that failed are given one more try, alone;
# more are no accident of timing. Each test that passes only alone is named, because a race that a busy machine
# shows is a defect to be looked at, of the test or of what it tests. If a process of tests crashed or hung,
# tests did not run: all of it is run once more, and the crash is to be looked at as well. CACHE is pytest's
# cache, and LOST the exit code of tools/no_hangs.py.
set -u
LIMIT=3
LOST=70
CACHE="${CACHE:-.pytest_cache}"
trap 'exit 130' INT
jobs="$1"
shift

beside() {
    rm -rf "$CACHE/v/cache/lastfailed"
    "$@" -o cache_dir="$CACHE" -n "$jobs" --dist loadfile --no-loadscope-reorder --max-worker-restart 0
}

beside "$@"
code="$?"
if [ "$code" -eq "$LOST" ]; then
    echo "A process of tests was lost, look at it. All of them once more:"
    beside "$@"
    code="$?"
fi
[ "$code" -eq 1 ] || exit "$code"

failed="$("$1" - "$CACHE/v/cache/lastfailed" <<'PYTHON'
import json, pathlib, sys
path = pathlib.Path(sys.argv[1])
print("\n".join(json.loads(path.read_text()) if path.exists() else ()))
PYTHON
)"
count="$(printf '%s' "$failed" | grep -c .)"
if [ "$count" -eq 0 ] || [ "$count" -gt "$LIMIT" ]; then
    exit 1
fi
echo "Failed beside others; once more, alone:"
echo "$failed"
for argument in "$@"; do
    [ "$argument" != --cov ] || set -- "$@" --cov-append
done
"$@" -o cache_dir="$CACHE" --last-failed --last-failed-no-failures none || exit
echo "PASSED ONLY ALONE, look at it:"
echo "$failed"
