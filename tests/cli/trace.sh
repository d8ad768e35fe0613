#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir run --trace: spans nest, and one sample is followed from the losses that
# asked for it to the batch it is first in; a full disk ends the trace alone.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with resource) || skip "no python3"
export PYTHONDONTWRITEBYTECODE=1
check=$WEIR_SOURCE/tests/cli/trace.py

for clock in live lockstep; do
    ends 0 run "$small" --out $clock --trace $clock.json --set run.clock=$clock --quiet
    "$python" "$check" whole $clock.json $clock || fail "the trace of a $clock run"
done

says 3 "--trace absent/t.json: No such file or directory" "" \
    run "$small" --out unmade --trace absent/t.json --quiet
[ -e unmade ] && fail "a directory of a run that could not start"
# A trace that is there already outlives a command that is refused.
cp live.json kept.json
ends 2 run "$small" --out live --trace kept.json --quiet
cmp live.json kept.json || fail "a refused run took a trace away"
# Recording changes nothing.
ends 0 run "$small" --out plain --set run.clock=lockstep --quiet
for of in lockstep plain; do
    ends 0 inspect $of
    grep -i "step" out | grep -v "$of" >$of.txt
done
cmp lockstep.txt plain.txt || fail "a traced lockstep run differs"

# No file may grow beyond what everything but the trace needs.
"$python" - "$weir" run "$small" --out full --trace full.json --quiet \
    --set run.clock=live --set placement.groups=1 \
    --set placement.solver_threads=1 >out 2>err <<'END'
import os
import resource
import sys

resource.setrlimit(resource.RLIMIT_FSIZE, (1000000, 1000000))
os.execv(sys.argv[1], sys.argv[1:])
END
[ $? = 0 ] || fail "a full disk ended the run: $(cat err)"
[ "$(grep -c '^trace: error: full.json: ' err)" = 1 ] || fail "messages: $(cat err)"
has err "the trace ends here, the run goes on"
has out "ended     all planned gradient steps done"
"$python" "$check" cut full.json || fail "what is left of a trace"

# The probes that other tools attach to are in the program, both ends of each.
if echo '#include <sys/sdt.h>' | cc -E - >/dev/null 2>&1 && command -v readelf >/dev/null; then
    readelf -n "$weir" >notes
    for probe in solve_begin solve_end take_in_begin reduce_end sample_commit \
        sample_accept slot_lend slot_take loss_publish loss_fold proposal claim; do
        has notes "Name: $probe"
    done
fi

# Where the system lets us, a tool attaches to every one of them, and each counts
# as often as the runs did it: one steered by losses, one by predictions.
if grep -q stapsdt notes 2>/dev/null && [ "$(id -u)" = 0 ] &&
    command -v bpftrace >/dev/null && bpftrace -e 'BEGIN { exit(); }' >/dev/null 2>&1; then
    counted() {
        timeout 60 bpftrace -e "usdt:$weir:weir:* { @[probe] = count(); }" \
            -c "$weir run $small --set run.clock=live --quiet $*" 2>&1
    }
    counted --out seen >counts
    has counts ":weir:draw_begin]: 120"
    has counts ":weir:sample_accept]: $(sed -n 's/^samples *\([0-9]*\) in, .*/\1/p' counts)"
    counted --out asked --set acquisition.strategy=sbal --set training.members=2 \
        --set acquisition.pool=40 --set acquisition.horizon=8 \
        --set acquisition.cpu_share=1 >>counts
    for probe in $(sed -n 's/^ *Name: //p' notes | sort -u); do
        has counts ":weir:$probe]: "
    done
fi
finish
