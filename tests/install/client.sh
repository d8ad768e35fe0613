#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Bring your solver, as its page tells it: an installed Weir, nothing of this tree
# in reach, each example compiled, tried and run by the page's own commands.
. "${WEIR_SOURCE:?}/tests/program.sh"
build=$(dirname "$WEIR_PROGRAM")
[ -z "${WEIR_SANITIZER:-}" ] || skip "the examples know no sanitizer"
cmake --install "$build" --prefix "$scratch/prefix" >log 2>&1 ||
    { tail -n 5 log && fail "cmake --install"; }

PREFIX=$scratch/prefix
libdir=$(dirname "$(find "$PREFIX" -name weir_client.pc | head -n 1)")
export PATH=$PREFIX/bin:$PATH PKG_CONFIG_PATH=$libdir
LD_LIBRARY_PATH=$(dirname "$libdir")
export LD_LIBRARY_PATH
cp -r "$PREFIX/share/weir/solvers" work
cd work || exit 1
start=$(date +%s) runs=0

tried() { # CONFIG
    weir run "$1" --check >out 2>err && grep -q "saw 41 frames of 1 x 64" out ||
        { fail "$1 --check" && cat err; }
    weir run "$1" --out "run-$1-$((runs += 1))" --quiet --set simulations.budget=40 \
        --set training.steps=200 --set validation.trajectories=2 \
        --set test.trajectories=2 --set reservoir.watermark=100 >out 2>err ||
        { fail "weir run $1" && cat err; }
    grep -q "all planned gradient steps done" out || fail "$1: $(cat out)"
}

cc -O2 allen_cahn.c $(pkg-config --cflags --libs weir_client) -lm -o allen_cahn ||
    fail "cc"
tried allen_cahn.yaml
ldd allen_cahn | grep -q "$LD_LIBRARY_PATH/libweir_client" || fail "$(ldd allen_cahn)"
cc -O2 allen_cahn.c $(pkg-config --cflags weir_client) \
    "$LD_LIBRARY_PATH/libweir_client.a" -lm -o allen_cahn || fail "cc, static"
tried allen_cahn.yaml
if command -v gfortran >/dev/null; then
    gfortran -O2 "$(pkg-config --variable=includedir weir_client)/weir/weir_client.f90" \
        burgers.f90 $(pkg-config --libs weir_client) -o burgers || fail "gfortran"
    tried burgers.yaml
fi

# blocks KIND: what the page has between ```KIND and ```.
blocks() {
    awk -v start="\`\`\`$1" '/^```/ { on = $0 == start; next } on' \
        "$PREFIX/share/weir/solvers/README.md"
}
settings() {
    sed 's/ *#.*//' "$1" | grep .
}

# Word for word, by somebody who may not write where Weir is.
if python=$(python_with numpy) && [ -e "$PREFIX/lib/pkgconfig" ]; then
    mkdir "$scratch/bin" "$scratch/new" && cd "$scratch/new" || exit 1
    ln -s "$python" "$scratch/bin/python3"
    blocks sh | sed 's|--out heat$|& --set training.steps=500|' >steps
    grep -q 'training.steps' steps || fail "no run in $(cat steps)"
    command -v gfortran >/dev/null || sed -i '/^gfortran/,/burgers$/d' steps
    export PREFIX PATH="$scratch/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
    sh -e steps >out 2>err ||
        { fail "the page's commands" && cat steps err; }
    has out "saw 41 frames of 2 x 64"
    has out "all planned gradient steps done"
    blocks yaml >page.yaml
    settings page.yaml >page
    settings solvers/heat.yaml | diff page - || fail "heat.yaml is another"
fi
echo "from installed to trained: $(($(date +%s) - start)) s"
finish
