#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Run a program that must fail: by a failed check (exit 1) or by a finding of
# ThreadSanitizer (66). Success, a crash and a hang are no proof of anything.
# It ends at the first failure, so it may have more time than a sound build.
WEIR_STRESS_SECONDS=60
export WEIR_STRESS_SECONDS
out=$(timeout 240 "$1" 2>&1)
rc=$?
printf '%s\n' "$out" | head -20
case $rc in
1 | 66)
    echo "the broken build fails, as it must"
    exit 0
    ;;
0) echo "the broken build passes: the test does not see what is broken" ;;
124) echo "the broken build hangs instead of failing" ;;
*) echo "the broken build ended with status $rc" ;;
esac
exit 1
