#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Run every litmus test of this folder: each must have the result it states, and
# nothing may race. Usage: run.sh rc11|herd7
#   rc11   by rc11.py, which also checks that the weaker versions do not hold
#   herd7  by herd7 (https://github.com/herd/herdtools7) where it is installed
set -eu
cd "$(dirname "$0")"

if [ "$1" = rc11 ]; then
    PYTHONDONTWRITEBYTECODE=1 exec python3 rc11.py ./*.litmus
fi
command -v herd7 >/dev/null 2>&1 || {
    echo "skipped: herd7 is not installed"
    exit 77
}
failed=0
for test in *.litmus; do
    expected=$(sed -n 's/^ \* Result: //p' "$test")
    out=$(herd7 -model rc11.cat "$test" 2>&1) || failed=1
    printf '%s\n' "$out" | grep -E '^(Observation|Flag|Warning|File)' || true
    printf '%s\n' "$out" | grep -q "^Observation ${test%.litmus} $expected " || failed=1
    printf '%s\n' "$out" | grep -q '^Flag' && failed=1
done
exit $failed
