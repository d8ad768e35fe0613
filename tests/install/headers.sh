#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every public header compiles alone, as C11 and as C++17, without a warning.
. "${WEIR_SOURCE:?}/tests/program.sh"
strict="-Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only"

found=0
for header in "$WEIR_SOURCE"/include/weir/*.h; do
    found=$((found + 1))
    name=weir/$(basename "$header")
    # Twice: a header guards itself.
    printf '#include <%s>\n#include <%s>\nint main(void) { return 0; }\n' \
        "$name" "$name" >alone.c
    cp alone.c alone.cc
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        $compiler -std=c11 $strict -I"$WEIR_SOURCE/include" alone.c ||
            fail "$name as C11 by $compiler"
    done
    for compiler in g++ clang++; do
        command -v $compiler >/dev/null || continue
        echo 'int main() {}' >empty.cc
        $compiler -std=c++17 -fsyntax-only empty.cc 2>/dev/null || continue
        $compiler -std=c++17 $strict -I"$WEIR_SOURCE/include" alone.cc ||
            fail "$name as C++17 by $compiler"
    done
    # They stand on the standard library and on each other alone.
    grep '#include' "$header" | grep -vE '<std[a-z]*\.h>|"weir/[a-z]*\.h"' &&
        fail "$name includes more than it may"
done
[ $found -ge 5 ] || fail "only $found headers"
finish
