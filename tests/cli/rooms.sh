#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# src keeps to its rooms and stays silent, pipeline keeps to its floors
# (rooms.py), and the check itself notices when they do not.
set -eu
export PYTHONDONTWRITEBYTECODE=1
here=$(cd "$(dirname "$0")" && pwd)
root=${WEIR_SOURCE:-$here/../..}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

python3 "$here/rooms.py" "$root"

# plant WHAT TEXT: with TEXT at the end of ring.c the check must fail and say so.
plant() {
    rm -rf "$tmp"/*
    cp -r "$root/src" "$root/include" "$tmp"
    printf '%s\n' "$2" >>"$tmp/src/shm/ring.c"
    if python3 "$here/rooms.py" "$tmp" >"$tmp/out"; then
        echo "not noticed: $1"
        exit 1
    fi
    grep -q "^src/shm/ring.c:.*$1" "$tmp/out" || {
        cat "$tmp/out"
        exit 1
    }
}
plant 'shm may not include io/config.h' '#include "io/config.h"'
plant 'shm may not include pipeline/stages/reservoir.h' '#include "pipeline/stages/reservoir.h"'
plant 'src does not use printf' 'void f(void) { printf("hello\n"); }'
plant 'src does not use stderr' 'void f(void) { fprintf(stderr, "hello\n"); }'
plant 'src does not use exit' 'void f(void) { exit(1); }'
plant 'src does not use getenv' 'char *f(void) { return getenv("HOME"); }'

# A floor may not look up.
mkdir -p "$tmp/pipeline/run"
echo '#include "pipeline/session/session.h"' >"$tmp/pipeline/run/run.c"
if python3 "$here/rooms.py" "$tmp" >"$tmp/out"; then
    echo "not noticed: a floor that looks up"
    exit 1
fi
grep -q '^pipeline/run/run.c:1: below pipeline/session' "$tmp/out"

# What is allowed stays allowed.
rm -rf "$tmp"/*
cp -r "$root/src" "$root/include" "$tmp"
cat >>"$tmp/src/shm/ring.c" <<'C'
#include "base/err.h"
/* printf("in a comment") goes to stderr */
void f(FILE *f, char *b) { fprintf(f, "printf(stdout)"); snprintf(b, 3, "x"); }
C
python3 "$here/rooms.py" "$tmp" >/dev/null
echo "planted violations are noticed"
