#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# This build, installed: the program runs, and others build against the library.
. "${WEIR_SOURCE:?}/tests/program.sh"
. "$WEIR_SOURCE/tests/consumers.sh"
[ -z "${WEIR_SANITIZER:-}" ] || skip "a sanitizer's library is for its own build"
build=$(dirname "$weir")

cmake --install "$build" --prefix "$scratch/first" >log 2>&1 ||
    fail "cmake --install: $(tail log)"
# What is installed does not know where.
mv first moved
prefix=$scratch/moved
for file in bin/weir include/weir/solver.h lib/cmake/weir/weir-config.cmake \
    lib/cmake/weir/weir-config-version.cmake lib/pkgconfig/weir.pc \
    share/weir/runs/kdv1d.yaml share/weir/cases/ks_1.yaml share/doc/weir/LICENSE; do
    [ -f "$prefix/$file" ] || fail "$file is not installed"
done
"$prefix/bin/weir" --version >said_version || fail "weir --version"
"$weir" --version | cmp -s - said_version || fail "another version is installed"
weir=$prefix/bin/weir
ends 0 list configs
has out "/share/weir/runs/kdv1d.yaml"
ends 0 run "$prefix/share/weir/runs/kdv1d_lockstep.yaml" --check
ends 0 run "$small" --out a
surrogate=$scratch/a

grep -rlF -e "$WEIR_SOURCE" -e "$build" "$prefix/lib/cmake" \
    "$prefix/lib/pkgconfig" "$prefix/include" &&
    fail "these files name the place of the build"
consumers "$prefix"
finish
