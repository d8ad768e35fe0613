#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A strategy built against the installed headers, in a shared object that the
# configuration names: it runs, resumes, and is refused with a reason.
. "${WEIR_SOURCE:?}/tests/program.sh"
[ -z "${WEIR_SANITIZER:-}" ] || skip "a sanitizer's program is for its own build"
cmake --install "$(dirname "$weir")" --prefix "$scratch/prefix" >log 2>&1 ||
    fail "cmake --install: $(tail log)"
weir=$scratch/prefix/bin/weir
source=$WEIR_SOURCE/tests/install/my_strategy.c

# build NAME OPTION...
build() {
    name=$1
    shift
    cc -std=c11 -Wall -Wextra -Werror -shared -fPIC "$@" \
        -I"$scratch/prefix/include" -o "$name" || fail "$name was not built"
}
build my.so "$source"

ends 0 run "$small" --out a --set acquisition.strategy=./my.so \
    --set acquisition.reach=0.02
ends 0 inspect a/run.h5
has a/resolved.yaml "./my.so"
has a/resolved.yaml "reach: 0.02"

# Gone on with from an older checkpoint, it ends with the same bits.
mine="--set acquisition.strategy=./my.so --set acquisition.reach=0.02"
ends 0 run "$small" --out b $mine
rm b/checkpoints/step-00000120.safetensors b/checkpoints/step-00000100.safetensors
ends 0 run "$small" --out b --resume $mine
has out "run: continuing b at step 80"
if python=$(python_with h5py); then
    "$python" "$WEIR_SOURCE/tests/install/strategy.py" a/run.h5 b/run.h5 ||
        fail "what it proposed"
    "$python" "$WEIR_SOURCE/tests/compare.py" same a b || fail "other bits"
fi

# One that asks the surrogate: the same, and it is told what is missing.
build asking.so "$WEIR_SOURCE/tests/install/asking_strategy.c"
asking="--set acquisition.strategy=./asking.so --set training.members=2"
ends 0 run "$small" --out e $asking
has out "5 generations"
ends 0 run "$small" --out f $asking
rm f/checkpoints/step-00000120.safetensors f/checkpoints/step-00000100.safetensors
ends 0 run "$small" --out f --resume $asking
if python=$(python_with h5py); then
    "$python" "$WEIR_SOURCE/tests/compare.py" same e f || fail "other bits"
fi
says 2 "--set acquisition.strategy=./asking.so: strategy ./asking.so: score disagreement: there is one member" "set training.members to 2" \
    run "$small" --out g --set acquisition.strategy=./asking.so

# Its options are checked like any other's.
says 2 "--set acquisition.reach=7: '7' is out of range (expected 0 to 1 of each \
range)" "" run "$small" --out c --set acquisition.strategy=./my.so \
    --set acquisition.reach=7
ends 2 run "$small" --out c --set acquisition.strategy=./my.so \
    --set acquisition.reich=1
has err "has no such option"

# A missing file, one without the symbol, another interface, an empty table.
set_to() {
    call run "$small" --out c --set "acquisition.strategy=$1"
    [ "$status" = 2 ] || fail "$1: status $status"
    has err "weir: --set acquisition.strategy=$1: "
    has err "$2"
    [ "$(wc -l <err)" -le 2 ] || fail "$1: more than a message and a hint"
}
set_to ./none.so "cannot be loaded: ./none.so: cannot open shared object file"
echo 'int nothing;' >plain.c
build plain.so plain.c
set_to ./plain.so "'./plain.so' defines no 'weir_strategy'"
has err "hint: say WEIR_STRATEGY_LIBRARY(ops); in its source file"
cat >old.c <<'C'
#include <weir/strategy.h>
struct weir_strategy_library weir_strategy = {WEIR_STRATEGY_ABI + 1, 0, 0, 0};
C
build old.so old.c
abi=$(sed -n 's/^#define WEIR_STRATEGY_ABI //p' "$WEIR_SOURCE/include/weir/strategy.h")
set_to ./old.so "'./old.so' was built for strategy interface $((abi + 1)), this is $abi"
has err "hint: build it again with this version's headers"
cat >bare.c <<'C'
#include <weir/strategy.h>
static const struct weir_strategy_ops bare = {.name = "bare", .summary = "x"};
WEIR_STRATEGY_LIBRARY(bare);
C
build bare.so bare.c
set_to ./bare.so "leaves a name, a summary or a function out"
cat >mute.c <<'C'
#include "my_strategy.c"
C
sed -e 's/m->at.generation++;/return -EIO;/' "$source" >my_strategy.c
build mute.so mute.c -I. -Wno-unused-parameter -Wno-unused
ends 1 run "$small" --out d --set acquisition.strategy=./mute.so
has err "strategy mine: propose failed"
[ -e c ] && fail "a refused strategy made a directory"
finish
