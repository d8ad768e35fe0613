#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Install what Weir builds on (Debian and Ubuntu, by apt), or name what is
# missing. Usage: sh configs/dependencies.sh [build|test|all]
set -eu
want=${1:-build}

packages="gcc g++ cmake ninja-build pkg-config libhwloc-dev liburing-dev
  libjemalloc-dev libdnnl-dev libhdf5-dev libfftw3-dev libyaml-dev
  libcjson-dev libdeflate-dev gnuplot-nox"
[ "$want" != build ] && packages="$packages libcmocka-dev python3-h5py
  python3-numpy hdf5-tools gfortran systemtap-sdt-dev"
[ "$want" = all ] && packages="$packages clang libomp-dev python3-torch"

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "weir: not a Debian or Ubuntu system; these are needed, under the"
    echo "names of your package manager:" $packages
    exit 0
fi
missing=""
for p in $packages; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null |
        grep -q 'install ok installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0

root=""
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "weir: missing packages:$missing" >&2
        echo "  hint: as root, run: apt-get install$missing" >&2
        exit 3
    fi
    root=sudo
fi
echo "weir: installing$missing"
$root apt-get update -qq
$root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
