#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A shared library, in a libdir of its own choice: built, installed, used.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/consumers.sh"
[ -z "${WEIR_SANITIZER:-}" ] || skip "one build without sanitizers is enough"
[ -f "$WEIR_SOURCE/CMakeLists.txt" ] || skip "no sources"

prefix=$scratch/prefix
cmake -S "$WEIR_SOURCE" -B build -DBUILD_SHARED_LIBS=ON -DBUILD_TESTING=OFF \
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O0 \
    -DCMAKE_INSTALL_PREFIX="$prefix" >log 2>&1 &&
    cmake --build build -j 2 >>log 2>&1 &&
    cmake --install build >>log 2>&1 || {
    fail "the shared build"
    tail -n 30 log
    finish
}
[ -L "$prefix/lib/libweir.so" ] || fail "no libweir.so: $(ls "$prefix/lib")"
[ -e "$prefix/lib/libweir.a" ] && fail "a static library too"
mv prefix moved
prefix=$scratch/moved
"$prefix/bin/weir" --version >said_version || fail "the program does not start"
weir=$prefix/bin/weir
ends 0 run "$small" --check
consumers "$prefix"
finish
