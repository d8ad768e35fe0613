#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every atomic access names a label that a header explains (atomics.py), and the
# check itself notices when one does not.
set -eu
export PYTHONDONTWRITEBYTECODE=1
here=$(cd "$(dirname "$0")" && pwd)
root=${WEIR_SOURCE:-$here/../..}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

python3 "$here/atomics.py" "$root"

# plant WHAT TEXT: with TEXT at the end of ring.c the check must fail and say so.
plant() {
    rm -rf "$tmp"/*
    cp -r "$root/src" "$tmp"
    printf '\n\n\n\n%s\n' "$2" >>"$tmp/src/shm/ring.c"
    if python3 "$here/atomics.py" "$tmp" >"$tmp/out"; then
        echo "not noticed: $1"
        exit 1
    fi
    grep -q "^src/shm/ring.c:.*$1" "$tmp/out" || {
        cat "$tmp/out"
        exit 1
    }
}
plant 'without a label' \
    'int f(_Atomic int *p) { return atomic_load_explicit(p, memory_order_relaxed); }'
plant 'label Z9 is explained in no header' \
    'int f(_Atomic int *p) { return atomic_load(p); /* Z9 */ }'
plant 'a fence' \
    'void f(void) { atomic_thread_fence(memory_order_seq_cst); /* P1 */ }'
echo "planted violations are noticed"
