# SPDX-License-Identifier: BSD-3-Clause
# What the scripts for running jobs share. They begin with
#   . "$(dirname "$0")/job.sh"
#   job "$@"
# and then have $dir, $pid, $seconds and $weir (the program's file).

has() {
    command -v "$1" >/dev/null 2>&1
}

# missing WHAT INSTEAD: say what is missing and what still works; go on.
missing() {
    echo "# missing: $1" >&2
    echo "#   still works: $2" >&2
}

# job DIR [SECONDS]
job() {
    if [ $# -lt 1 ] || [ "$1" = --help ]; then
        sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
        echo "usage: $(basename "$0") DIR [SECONDS]    DIR: of a running job"
        exit 2
    fi
    dir=$1 seconds=${2:-10}
    pid=$(cat "$dir/lock" 2>/dev/null)
    if [ ! -S "$dir/socket" ] || [ -z "$pid" ] || [ ! -d "/proc/$pid" ]; then
        echo "$(basename "$0"): $dir: no job runs there" >&2
        exit 3
    fi
    weir=$(readlink -f "/proc/$pid/exe") || {
        echo "$(basename "$0"): process $pid is another user's" >&2
        exit 3
    }
    echo "# job $dir, process $pid, $seconds s"
}

# perf_probes PATTERN: make USDT probes known to perf, as sdt_weir:NAME.
perf_probes() {
    perf buildid-cache --add "$weir" >/dev/null 2>&1
    for probe in $(perf list sdt 2>/dev/null | sed -n 's/^ *\(sdt_weir:[a-z_]*\).*/\1/p' |
        grep -E "$1"); do
        perf probe "$probe" >/dev/null 2>&1
    done
    perf probe -l 2>/dev/null | grep -q sdt_weir
}

perf_probes_off() {
    perf probe -d 'sdt_weir:*' >/dev/null 2>&1
}
