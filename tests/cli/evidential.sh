#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Evidential regression through the program: one member tells how unsure it is,
# in the summary, in eval and beside what is predicted.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with h5py) || skip "no h5py"

set="--set training.loss=evidential --set acquisition.loss_type=evidential --set training.steps=400
    --set simulations.budget=80 --set training.learning_rate=3e-3"
ends 0 run "$small" --out a $set --quiet
ends 0 run "$small" --out b $set --quiet --set placement.groups=2
ends 0 eval a
grep -qE '^  mean .* [0-9.]+x$' out || fail "$(cat out)"
ratio=$(sed -n 's/^  mean .* \([0-9.]*\)x$/\1/p' out)
[ "$(echo "$ratio" | awk '{ print ($1 > 1.2) }')" = 1 ] || fail "$ratio times persistence"
grep -qE '^  spread, mean +[0-9.]+e' out || fail "$(cat out)"
"$python" "$WEIR_SOURCE/tests/cli/same_weights.py" a b || fail "groups show"

ends 0 generate "$small" --out set.h5 --n 12 --set run.seed=5
ends 0 predict a --data set.h5 --out got.h5
has out "with their spread"
"$python" - set.h5 got.h5 <<'END' || fail "the spread is no measure of the error"
import sys
import h5py
import numpy as np
truth, got = (h5py.File(name)["t0_fields"] for name in sys.argv[1:])
name = list(truth)[0]
error = np.abs(got[name][:] - truth[name][:])[:, 1]
spread = got[name + "_spread"][:][:, 1]
assert np.isfinite(spread).all() and (spread > 0).all()
# Where it is less sure it errs more: halves of the values, by spread.
sure = spread < np.median(spread)
print("mean error where sure", error[sure].mean(), "elsewhere", error[~sure].mean())
assert error[sure].mean() < error[~sure].mean()
END

# What a score is worth: of densities, and of a pair whose members disagree.
ends 0 eval a --data set.h5 --score evidential
"$python" "$WEIR_SOURCE/tests/cli/score.py" set.h5 got.h5 10 out || fail "$(cat out)"
ends 0 run "$small" --out pair --quiet --set training.members=2
ends 0 predict pair --data set.h5 --out both.h5
ends 0 eval pair --data set.h5 --score disagreement
"$python" "$WEIR_SOURCE/tests/cli/score.py" set.h5 both.h5 10 out || fail "$(cat out)"
ends 2 eval pair --score evidential
has err "set training.loss to evidential"
ends 2 eval a --score disagreement
has err "set training.members to 2"
says 2 "--score disagrement: no such score" "did you mean 'disagreement'?" eval a --score disagrement
says 2 "--score tod: it needs weights of two times, and this is one" \
    "scores to be had: disagreement, entropy, evidential" eval a --score tod

refused_from() { # DIR LOSS WITH WITHOUT
    says 2 "--set training.loss=$2: a model trained $3 training.loss evidential cannot go on $4 it: \
densities have outputs of their own" "keep training.loss as it was, or start anew" \
        run "$small" --out no --from $1 --set training.loss=$2
}
ends 0 run "$small" --out plain --quiet
refused_from plain evidential without with
refused_from a mse with without
[ -e no ] && fail "a directory for a run that was refused"
finish
