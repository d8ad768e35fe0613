#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every configuration that comes with Weir can run here, and asks one question.
. "${WEIR_SOURCE:?}/tests/program.sh"

checked=0
for config in "$WEIR_SOURCE"/configs/runs/*.yaml "$small"; do
    ends 0 run "$config" --check
    has out "$config: ok. "
    ends 0 plan "$config"
    [ "$config" = "$small" ] || sed -n '/^#/!q;p' "$config" | grep -q '?' ||
        fail "$config: its first comment asks no question"
    checked=$((checked + 1))
done
for config in "$WEIR_SOURCE"/configs/cases/*.yaml; do
    ends 0 plan "$config"
    checked=$((checked + 1))
done
[ "$checked" -ge 24 ] || fail "only $checked configurations were found"
[ -z "$(find . -mindepth 1 ! -name out ! -name err)" ] ||
    fail "--check wrote something: $(ls)"
finish
