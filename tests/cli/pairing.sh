#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A network that sees neighbours only is warned of where the whole box counts.
. "${WEIR_SOURCE:?}/tests/program.sh"
ends 0 run "$small" --check --set solver.name=ks
has err "run: warning: model convnet is local and cannot learn solver ks: \
mean_mode: removed takes out the mean of u_x^2 over the box"
[ "$(wc -l <err)" = 1 ] || fail "more was said: $(cat err)"
for other in "solver.name=ks --set solver.mean_mode=kept" solver.name=ks_cons \
    solver.name=kdv; do
    ends 0 run "$small" --check --set $other
    [ -s err ] && fail "$other: $(cat err)"
done
finish
