#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# weir top in a terminal: screens at the start, in the middle, after the end.
. "${WEIR_SOURCE:?}/tests/program.sh"
command -v tmux >/dev/null || skip "no tmux"
name=weir-top-$$
tm() {
    tmux -L "$name" -f /dev/null "$@"
}
trap 'tm kill-server 2>/dev/null; cd /; rm -rf "$scratch"' EXIT

"$weir" run "$small" --out job --set run.clock=live --set training.steps=2000000 \
    --set simulations.budget=200000 --set validation.every=1000000 --quiet >/dev/null 2>&1 &
job=$!
wait_for 60 test -S job/socket || finish
LC_ALL=C TERM=xterm tm new-session -d -x 118 -y 50 sh ||
    skip "tmux cannot start"
tm send-keys -t 0 "PS1='prompt '; $weir top job --interval 0.2" Enter

screen() {
    tm capture-pane -t 0 -p >"$1"
}
# shows FILE TEXT: the screen, kept as FILE, has TEXT on it.
shows() {
    screen "$1"
    grep -qF -- "$2" "$1"
}
step_of() {
    sed -n 's/^training   step \([0-9]*\).*/\1/p' "$1"
}

wait_for 30 shows start "q quit  p pause  s sort threads (by place)" || finish
wait_for 30 shows start "reservoir  ["
for text in "running" "kdv, convnet, breed, live" "rates      " "waits      " \
    "lanes      " "latency  " "threads  " "weir-group0"; do
    has start "$text"
done
has_not start "prompt weir" # drawn in place of what was there

further() {
    screen middle
    now=$(step_of middle)
    [ "${now:-0}" -gt "$(step_of start)" ]
}
wait_for 30 further

for order in core work wait place; do
    tm send-keys -t 0 s
    wait_for 60 shows sorted "(by $order)"
done
tm send-keys -t 0 p
wait_for 60 shows paused "[paused]"
step=$(step_of paused)
sleep 0.6
screen paused
[ "$(step_of paused)" = "$step" ] || fail "paused, and still moving"
tm send-keys -t 0 p
wait_for 60 sh -c '! grep -q paused "$0"' middle

# A smaller window is not overrun.
tm resize-window -t 0 -x 60 -y 20
fits() {
    screen small
    [ "$(wc -l <small)" -le 20 ] && grep -q "^training   step" small &&
        grep -q "q quit" small && grep -q "^latency" small
}
wait_for 60 fits
# Both tables have no room there: one after the other does.
tm send-keys -t 0 t
wait_for 60 shows threads "weir-group0"
has_not threads "latency  "
tm send-keys -t 0 t
wait_for 60 shows latencies "latency  "
tm send-keys -t 0 t

kill -INT $job
wait $job
tm resize-window -t 0 -x 118 -y 50
wait_for 60 shows end "ended: interrupted"
has end "reservoir  [" # what was last seen stays
tm send-keys -t 0 q
wait_for 60 shows after "job: ended: interrupted"
has after "prompt"
has_not after "reservoir"
finish
