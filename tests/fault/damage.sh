#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Damaged files: the checkpoint before is used, a record is kept aside, and both
# are said.
. "${WEIR_SOURCE:?}/tests/program.sh"

ends 0 run "$small" --out whole
newest=checkpoints/step-00000120.safetensors

# flip FILE OFFSET: one bit.
flip() {
    byte=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1)
    printf "\\$(printf '%03o' $((byte ^ 16)))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# damaged DIR: resuming it falls back to step 100, and ends as it should.
damaged() {
    ends 0 run --resume --out "$1"
    has err "checkpoint: warning: file '$1/$newest' is damaged: "
    has err "; using step 100 instead"
    [ "$(wc -l <err)" = 1 ] || fail "more than one warning: $(cat err)"
    has out "run: continuing $1 at step 100"
    has out "120 gradient steps, 40 simulations"
    [ -f "$1/$newest.damaged" ] || fail "the damaged file is gone"
    # Whole again, and the same bits as if nothing had happened.
    ends 0 inspect "$1"
    has out "$1/$newest: safetensors"
    has out "every checksum matches"
}

size=$(wc -c <whole/$newest)
for at in 4 200 5000 $((size / 2)) $((size - 1)); do
    cp -r whole flipped
    flip flipped/$newest "$at"
    damaged flipped
    rm -rf flipped
done
for length in 0 7 3000 $((size / 2)) $((size - 1)); do
    cp -r whole cut
    head -c "$length" whole/$newest >cut/$newest
    damaged cut
    rm -rf cut
done
cp -r whole longer
echo >>longer/$newest
damaged longer
python=$(python_with struct) && {
    "$python" "$WEIR_SOURCE/tests/compare.py" same whole longer ||
        fail "other bits after falling back"
}

# None is whole: no training is thrown away in silence.
cp -r whole none
for file in none/checkpoints/step-*; do
    head -c 3000 "$file" >short && mv short "$file"
done
why="weir: run directory 'none': none of 3 checkpoints is whole: file \
'none/$newest' is damaged: "
ends 1 run --resume --out none
has err "$why"
has err "  hint: move none/checkpoints away, and --resume starts anew"
ends 1 run "$small" --from none --out other
has err "$why"
has_not err "hint"
[ -e other ] && fail "a directory was made"

# The record.
cp -r whole record
head -c 20000 whole/run.h5 >record/run.h5
ends 0 run --resume --out record
has err "recorder: warning: run file 'record/run.h5' is damaged: "
has err "; kept as record/run.h5.damaged; a new record begins"
[ -f record/run.h5.damaged ] || fail "the damaged record is gone"
ends 0 inspect record/run.h5
rm record/run.h5
ends 0 run --resume --out record
has err "recorder: warning: run file 'record/run.h5': No such file"
has err "; a new record begins"
finish
