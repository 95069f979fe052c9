#!/bin/sh
# Print the Python interpreters of this machine that can run mm_actions, one "VERSION PATH" line per
# minor version. The first line is the one to develop with: the plain `python3` where it is new enough,
# otherwise the newest found.
#
#   tools/pythons.sh                all of them
#   tools/pythons.sh --first        the path of the first; exit code 1 and a message if there is none
#   tools/pythons.sh --except 3.12  all but that version
#
# PYTHONS="/path/one /path/two" replaces the search.
set -u

candidates() {
    if [ -n "${PYTHONS:-}" ]; then
        printf '%s\n' $PYTHONS
        return
    fi
    echo python3
    for minor in 14 13 12 11; do echo "python3.$minor"; done
    if command -v pyenv >/dev/null 2>&1; then
        versions="$(pyenv root 2>/dev/null)/versions"
        PYENV_VERSION='' pyenv versions --bare 2>/dev/null | sort -rV | while read -r version; do
            echo "$versions/$version/bin/python3"
        done
    fi
}

# Being on PATH proves nothing: a pyenv shim of a version that is not selected exists and fails. So each
# is asked who it is. Pre-releases and free-threaded builds are left out: few wheels exist for them.
probe='
import sys, sysconfig
if sys.version_info >= (3, 11) and sys.version_info.releaselevel == "final":
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        print("%d.%d" % sys.version_info[:2], sys.executable)
'

found() {
    seen=" "
    candidates | while read -r candidate; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        line="$("$candidate" -I -c "$probe" 2>/dev/null </dev/null)" || continue
        [ -n "$line" ] || continue
        version="${line%% *}"
        case "$seen" in *" $version "*) continue ;; esac
        seen="$seen$version "
        echo "$line"
    done
}

case "${1:-}" in
    --first)
        line="$(found | head -n 1)"
        if [ -z "$line" ]; then
            have="$(python3 --version 2>/dev/null || echo 'no python3')"
            echo "mm_actions needs Python 3.11 or newer; this machine offers $have." >&2
            echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2
            exit 1
        fi
        echo "${line#* }"
        ;;
    --except)
        found | while read -r version path; do
            [ "$version" = "$2" ] || echo "$version $path"
        done
        ;;
    "") found ;;
    *) echo "usage: tools/pythons.sh [--first | --except VERSION]" >&2; exit 2 ;;
esac
