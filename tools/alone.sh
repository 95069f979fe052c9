#!/bin/sh
# Give tests that failed beside others, on a machine with all cores busy, one more try, alone:
#
#   tools/alone.sh LIMIT COMMAND...
#
# COMMAND is the pytest command that failed, without the number of processes. More than LIMIT failures are no
# accident of timing: nothing is tried again. Each test that passes only alone is named, because a race that a
# busy machine shows is a defect to be looked at, of the test or of what it tests.
set -eu
limit="$1"
shift
cache="${CACHE:-.pytest_cache}"
failed="$("$1" - "$cache/v/cache/lastfailed" <<'PYTHON'
import json, pathlib, sys
path = pathlib.Path(sys.argv[1])
print("\n".join(json.loads(path.read_text()) if path.exists() else ()))
PYTHON
)"
count="$(printf '%s' "$failed" | grep -c . || true)"
if [ "$count" -eq 0 ] || [ "$count" -gt "$limit" ]; then
    exit 1
fi
echo "Failed beside others; once more, alone:"
echo "$failed"
"$@" --last-failed --last-failed-no-failures none
echo "PASSED ONLY ALONE, look at it:"
echo "$failed"
