#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What touches oneDNN compiles against the headers of oneDNN 3, where they are:
# in $WEIR_ONEDNN3_INCLUDE, or as the system's own.
. "${WEIR_SOURCE:?}/tests/program.sh"

headers=${WEIR_ONEDNN3_INCLUDE:-}
echo '#include <dnnl.h>
int major[DNNL_VERSION_MAJOR >= 3 ? 1 : -1];' >major.c
gcc -fsyntax-only ${headers:+-I"$headers"} major.c 2>/dev/null ||
    skip "no headers of oneDNN 3: WEIR_ONEDNN3_INCLUDE may name a folder"

for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for file in dnnl isa; do
        $compiler -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Werror \
            -fsyntax-only ${headers:+-I"$headers"} -I"$WEIR_SOURCE/src" \
            -I"$WEIR_SOURCE/include" "$WEIR_SOURCE/src/nn/$file.c" ||
            fail "src/nn/$file.c by $compiler"
    done
done
finish
