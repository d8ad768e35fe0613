#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The solver that weir/solver.h gives as an example compiles against what is
# installed, without a warning, and decays as its equation says.
. "${WEIR_SOURCE:?}/tests/program.sh"
[ -z "${WEIR_SANITIZER:-}" ] || skip "a sanitizer's library is for its own build"
cmake --install "$(dirname "$weir")" --prefix "$scratch/prefix" >log 2>&1 ||
    fail "cmake --install: $(tail log)"

header=prefix/include/weir/solver.h
printf '#include <errno.h>\n#include <math.h>\n#include <stdlib.h>\n' >decay.c
printf '#include <weir/solver.h>\n' >>decay.c
sed -n '/^ \*     struct config {/,/^ \* All functions/p' "$header" |
    sed 's/^ \*     //; s/^ \*$//; /^ \* All/d' >example
[ "$(grep -c . example)" -ge 50 ] || fail "no example in $header"
cat example >>decay.c
cat >main.c <<'END'
#include <math.h>
#include <stdio.h>
#include <weir/solver.h>
extern const struct weir_solver_ops weir_solver_decay;
int main(void)
{
    const struct weir_solver_ops *ops = &weir_solver_decay;
    struct weir_options options;
    struct weir_solver_info info;
    void *config, *lane;
    double u0;
    float u;
    if (weir_options_init(ops->options, &options) ||
        weir_options_set(&options, "k", "2") ||
        ops->configure(&options, &config) || ops->create(config, &lane))
        return 1;
    ops->describe(config, &info);
    if (weir_shape_floats(&info.shape) != 1 || info.space.n != 1)
        return 2;
    weir_space_to_box(&info.space, &(double){0.75}, &u0);
    if (ops->start(lane, &u0))
        return 3;
    for (int i = 0; i < 10; i++)
        if (ops->step(lane))
            return 4;
    ops->frame(lane, &u);
    printf("%.6f %.6f\n", u, 0.75 * exp(-2 * 10 * info.dt));
    ops->destroy(lane);
    ops->release(config);
    weir_options_free(&options);
    return 0;
}
END
export PKG_CONFIG_PATH="$scratch/prefix/lib/pkgconfig"
strict="-std=c11 -Wall -Wextra -Wpedantic -Wshadow -Werror"
for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    $compiler $strict decay.c main.c -o decay \
        $(pkg-config --static --cflags --libs weir) >log 2>&1 ||
        { fail "$compiler: $(head -n 20 log)" && continue; }
    ./decay >said || fail "$compiler: status $?"
    read -r is expected <said
    [ "$is" = "$expected" ] || fail "$compiler: $is, expected $expected"
done
finish
