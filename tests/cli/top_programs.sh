#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir top for programs, and what it says when there is nothing to see.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with json) || skip "no python3"
export PYTHONDONTWRITEBYTECODE=1
top=$WEIR_SOURCE/tests/cli/top.py

says 3 "no job runs here or in runs/" \
    "weir top DIR takes the directory of a running job" top
says 3 "nowhere: no job runs there" \
    "weir top takes the directory of a running job, the one with 'socket' in it" \
    top nowhere
says 2 "top: --interval 'x': expected seconds, 0.05 to 3600" \
    "weir top --help" top nowhere --interval x
says 2 "top: unexpected argument 'b'" "weir top --help" top a b
says 2 "top: unknown option '--jsn'" "did you mean '--json'?" top --jsn

# A job that lasts until it is told to end.
"$weir" run "$small" --out job --set run.clock=live --set training.steps=2000000 \
    --set simulations.budget=200000 --set validation.every=1000000 --quiet >/dev/null 2>&1 &
job=$!
wait_for 60 test -S job/socket || finish
[ "$(stat -c %a job/socket)" = 600 ] || fail "the socket's mode"

"$weir" top job --json --interval 0.1 >lines 2>err &
viewer=$!
trained() {
    "$weir" top job --once --json >look 2>/dev/null &&
        "$python" "$top" trained look 100
}
wait_for 60 trained
# Between two looks a busy machine may make no step.
looks_right() {
    call top job --once --json
    [ "$status" = 0 ] && "$python" "$top" json out job "$job" >why
}
wait_for 60 looks_right || fail "--once --json: status $status, $(cat why err)"
ends 0 top job --once --openmetrics -
"$python" "$top" openmetrics out job || fail "--openmetrics -"
ends 0 top job --once --openmetrics m.prom
"$python" "$top" openmetrics m.prom job || fail "--openmetrics FILE"
says 3 "absent/m.prom: No such file or directory" "" \
    top job --once --openmetrics absent/m.prom
ends 0 top job
has out "reservoir  ["
has out "weir-group0"
has out "backward"

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && chmod 755 . &&
    setpriv --reuid=12345 --clear-groups "$weir" --version >/dev/null 2>&1; then
    setpriv --reuid=12345 --clear-groups "$weir" top "$PWD/job" >out 2>err
    [ $? = 3 ] || fail "another user's job: status"
    has err "another user's"
fi

# Viewers survive the end, and say which it was.
kill -INT $job
wait $job
[ $? = 130 ] || fail "the job's status"
wait $viewer || fail "the viewer's status"
"$python" "$top" lines lines ended interrupted || fail "--json until the end"
says 3 "job: no job runs there any more: it has ended" \
    "weir inspect job shows what it left; weir run --resume --out job goes on with it" \
    top job

# A killed job says nothing; its viewer notices, and so does the next one.
"$weir" run "$small" --out killed --set run.clock=live --set training.steps=2000000 \
    --set simulations.budget=200000 --quiet >/dev/null 2>&1 &
job=$!
wait_for 60 test -S killed/socket
"$weir" top killed --json --interval 0.1 >last 2>err &
viewer=$!
wait_for 60 test -s last
kill -KILL $job
wait $job
wait $viewer || fail "the viewer of a killed job"
"$python" "$top" lines last gone "without a word" || fail "a killed job"
says 3 "killed: the job is dead, only its socket is left" \
    "weir inspect killed shows what it left; weir run --resume --out killed goes on with it" \
    top killed

# Whatever else may sit at a socket.
for what in version text silent; do
    mkdir -p $what
    "$python" "$top" serve $what/socket $what &
    other=$!
    wait_for 60 test -S $what/socket
    call top $what --once
    wait $other
    case $what in
    version)
        [ $status = 1 ] || fail "another version: status $status"
        has err "another version of weir (protocol 7, here 1)"
        has err "hint: look at it with the weir that runs it"
        ;;
    text)
        [ $status = 1 ] || fail "not weir: status $status"
        has err "not weir"
        ;;
    silent)
        [ $status = 3 ] || fail "hangs up: status $status"
        has err "silent: the job hung up"
        ;;
    esac
done
finish
