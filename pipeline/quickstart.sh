#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Install what is missing, build, run the main job, show where the results are.
#   sh pipeline/quickstart.sh [option of weir run]...
set -eu
cd "$(dirname "$0")/.."
case ${1:-} in
-h | --help)
    echo "usage: sh pipeline/quickstart.sh [option of weir run]..."
    echo "Installs what is missing, builds into build/ and trains a surrogate"
    echo "of the KdV equation; it may be repeated."
    exit 0
    ;;
esac

echo "== 1/3  what Weir builds on"
sh configs/dependencies.sh build

echo "== 2/3  build, into build/"
mkdir -p build
generator=
[ -f build/CMakeCache.txt ] || generator="-G Ninja"
if ! cmake -C configs/build/release.cmake -S . -B build $generator \
    -DBUILD_TESTING=OFF >build/quickstart.log 2>&1 ||
    ! cmake --build build --parallel "$(nproc)" >>build/quickstart.log 2>&1; then
    tail -n 40 build/quickstart.log >&2
    echo "weir: the build failed; all of its output is in build/quickstart.log" >&2
    exit 1
fi

# A new directory each time: what was trained before is kept.
out=runs/quickstart
n=1
while [ -e "$out" ]; do
    n=$((n + 1))
    out=runs/quickstart-$n
done
echo "== 3/3  build/weir run configs/runs/kdv1d.yaml --out $out"
status=0
build/weir run configs/runs/kdv1d.yaml --out "$out" "$@" || status=$?
[ $status = 0 ] || exit $status

cat <<END

The surrogate is in $out/checkpoints/best.safetensors,
the record of the run in $out/run.h5, all settings in $out/resolved.yaml.

What next:
  build/weir inspect $out        what these files hold
  build/weir run configs/runs/kdv1d_uniform.yaml --out $out-uniform
                                 the same without steering, to compare
  build/weir list keys           every setting there is, with its default
END
