# SPDX-License-Identifier: BSD-3-Clause
# What tests of solvers in processes of their own share, beside program.sh. The
# solvers are the examples of configs/solvers, linked to the client library that
# has faults to order (WEIR_FAULT, src/client/fault.h).
clients=${WEIR_CLIENTS:?}
examples=$WEIR_SOURCE/configs/solvers
python=$(python_with numpy) || python=
log=$scratch/finished

# Everything small, every simulation used, however often a machine that gives a
# process no core has its simulation overdue.
small_run="--set simulations.budget=10 --set simulations.steps=8
    --set simulations.crashes_before_redraw=100 --set solver.restarts=100
    --set training.steps=0
    --set training.batch=8 --set training.micro_batch=4
    --set reservoir.capacity=100 --set reservoir.watermark=16
    --set reservoir.slots_per_port=4 --set model.width=8 --set model.depth=2
    --set validation.trajectories=0 --set test.trajectories=0
    --set solver.restart_delay=0.01 --set placement.bind=false"

# solver LANGUAGE: make it and set $config; 1 when this machine cannot.
solver() {
    case $1 in
    c)
        [ -x allen_cahn ] || ${CC:-cc} -O1 -I"$WEIR_SOURCE/include" \
            "$examples/allen_cahn.c" -L"$clients" -lweir_client \
            -Wl,-rpath,"$clients" -lm -o allen_cahn || fail "cc allen_cahn.c"
        config=$examples/allen_cahn.yaml
        ;;
    fortran)
        command -v gfortran >/dev/null || return 1
        [ -x burgers ] || gfortran -O1 "$WEIR_SOURCE/src/client/weir_client.f90" \
            "$examples/burgers.f90" -L"$clients" -lweir_client \
            -Wl,-rpath,"$clients" -o burgers || fail "gfortran burgers.f90"
        config=$examples/burgers.yaml
        ;;
    python)
        [ -n "$python" ] || return 1
        config=$scratch/heat.yaml
        sed "s|python3, heat.py|$python, $examples/heat.py|" \
            "$examples/heat.yaml" >"$config"
        export PYTHONPATH="$WEIR_SOURCE/src/client" PYTHONDONTWRITEBYTECODE=1
        export WEIR_CLIENT_LIBRARY="$clients/libweir_client.so"
        ;;
    esac
}

# exact DIR: the ledger is that of the clients' own log.
exact() {
    /usr/bin/env python3 "$WEIR_SOURCE/tests/clients.py" "$@"
}

# faulty FAULT ARGUMENT...: a run in which a client does that, once per place.
faulty() {
    fault=$1
    shift
    rm -rf out_dir "$log"
    WEIR_FAULT=$fault WEIR_FAULT_LOG=$log \
        ends 0 run "$config" --out out_dir $small_run "$@"
    exact out_dir "$log" 10 8 >said 2>&1 || {
        fail "$config $fault: $(tail -n 1 said)"
        cat err
    }
}

# alone: no process of a solver is left, and no socket.
alone() {
    [ ! -e out_dir/solvers/socket ] || fail "out_dir/solvers/socket is left"
    left=$(grep -la "WEIR_RUN=$scratch/out_dir" /proc/[0-9]*/environ 2>/dev/null)
    for p in $left; do
        fail "$p is left: $(tr '\0' ' ' <"${p%environ}cmdline")"
    done
}
