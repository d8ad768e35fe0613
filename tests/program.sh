# SPDX-License-Identifier: BSD-3-Clause
# What tests of the program share; a test begins with
#   . "${WEIR_SOURCE:?}/tests/program.sh"
# and then has $weir, $small (a configuration of less than a second), and an
# empty directory of its own to work in.
set -u
weir=${WEIR_PROGRAM:?}
small=$WEIR_SOURCE/tests/small.yaml
failures=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/weir-test.XXXXXX") || exit 1
trap 'cd /; rm -rf "$scratch"' EXIT
trap 'exit 1' INT TERM HUP
cd "$scratch" || exit 1
unset HWLOC_SYNTHETIC HWLOC_XMLFILE HWLOC_COMPONENTS

skip() {
    echo "skipped: $*"
    exit 77
}

# fail TEXT: count it and go on; finish turns the count into an exit status.
fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

finish() {
    [ "$failures" = 0 ] || exit 1
    exit 0
}

# call ARGUMENT...: the program; leaves $status and the files out and err.
call() {
    "$weir" "$@" >out 2>err
    status=$?
}

# ends STATUS ARGUMENT...: it ends with that status.
ends() {
    expected=$1
    shift
    call "$@"
    [ "$status" = "$expected" ] && return
    fail "weir $*: status $status, expected $expected"
    tail -n 5 out err
}

# says STATUS MESSAGE HINT ARGUMENT...: it ends with that status and all of its
# standard error is this one message and hint ("" for none).
says() {
    expected=$1 message=$2 hint=$3
    shift 3
    call "$@"
    printf 'weir: %s\n' "$message" >expected
    [ -z "$hint" ] || printf '  hint: %s\n' "$hint" >>expected
    if [ "$status" != "$expected" ]; then
        fail "weir $*: status $status, expected $expected"
    fi
    if ! diff expected err >difference; then
        fail "weir $*: message (expected <, was >)"
        cat difference
    fi
}

# has FILE TEXT: a line of FILE has TEXT in it.
has() {
    grep -qF -- "$2" "$1" && return
    fail "no '$2' in $1:"
    head -n 40 "$1"
}

has_not() {
    grep -qF -- "$2" "$1" || return 0
    fail "'$2' in $1:"
    grep -nF -- "$2" "$1" | head -n 3
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    tries=$(($1 * 20))
    shift
    while [ $tries -gt 0 ]; do
        "$@" && return 0
        sleep 0.05
        tries=$((tries - 1))
    done
    fail "still not true: $*"
    return 1
}

# The python that has h5py, when one has.
python_with() {
    for python in /usr/bin/python3 python3; do
        "$python" -c "import $1" 2>/dev/null && echo "$python" && return 0
    done
    return 1
}
