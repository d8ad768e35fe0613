#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir inspect: what files hold, and what they are not.
. "${WEIR_SOURCE:?}/tests/program.sh"

ends 0 run "$small" --out a
ends 0 inspect a
has out "a/checkpoints/step-00000120.safetensors: safetensors"
has out "every checksum matches"
has out "model.conv.0.weight              F32  [8, 1, 3]"
has out "a/run.h5: run file, all planned gradient steps done"
grep -qE '^  train/loss +F64 +120 x 1 ' out || fail "120 rows: $(grep train out)"
grep -qE '^  simulations/parameters +F64 +40 x 4 ' out ||
    fail "40 simulations: $(grep simulations out)"
grep -qE '^  strategy +[0-9]+ generations, [0-9.]+ s of CPU$' out || fail "$(grep strategy out)"

# What weighs its pairs says what they are worth.
ends 0 run "$small" --out o --set acquisition.strategy=ogas --set acquisition.batch_size=8 \
    --set acquisition.nn_updates=20 --set run.clock=lockstep
grep -qE '^strategy .* effective sample size [0-9.]+ at the last' out || fail "$(grep strategy out)"
ends 0 inspect o/run.h5
grep -qE '^  strategy .* effective sample size [0-9.]+ at the last$' out || fail "$(grep strategy out)"
ends 0 inspect a/checkpoints/best.safetensors a/run.h5
has out "model.conv.0.weight"
has_not out "adam."

# A data set, whole.
ends 0 generate "$small" --out set.h5 --n 3
ends 0 inspect set.h5
has out "set.h5: data set of kdv, 3 trajectories x 21 frames"
has out "weir.starts          sampler uniform"
has out "F32  [3, 21, 64]"

# A flipped bit, a cut file.
cp a/checkpoints/best.safetensors flipped
size=$(wc -c <flipped)
printf '\377' | dd of=flipped bs=1 seek=$((size - 9)) conv=notrunc 2>/dev/null
ends 1 inspect flipped
has err "weir: file 'flipped' is damaged: "
head -c $((size - 100)) a/checkpoints/best.safetensors >cut
ends 1 inspect cut
has err "weir: file 'cut' is damaged: "
head -c 40000 a/run.h5 >cut.h5
ends 1 inspect cut.h5
has err "weir: run file 'cut.h5' is damaged: "

says 2 "missing: No such file or directory" \
    "they are DIR/checkpoints/*.safetensors and DIR/run.h5" inspect missing
says 2 "$small: neither a checkpoint nor a run file" \
    "they are DIR/checkpoints/*.safetensors and DIR/run.h5" inspect "$small"
: >empty
says 2 "empty: neither a checkpoint nor a run file" \
    "they are DIR/checkpoints/*.safetensors and DIR/run.h5" inspect empty
mkdir nothing
says 2 "nothing: not the directory of a run" "" inspect nothing
finish
