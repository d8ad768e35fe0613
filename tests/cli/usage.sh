#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Words and options the program does not know, and help that tells all it does.
. "${WEIR_SOURCE:?}/tests/program.sh"

says 2 "no command 'rnu'" "did you mean 'weir run'?" rnu
says 2 "no command 'zzzzzz'" "weir --help lists the commands" zzzzzz
says 2 "run: unknown option '--resmue'" "did you mean '--resume'?" run --resmue
says 2 "run: unknown option '--zzzzzz'" "weir run --help" run --zzzzzz=3
says 2 "run: unknown option '-x'" "weir run --help" run "$small" -x
says 2 "run: which configuration?" "weir run --help" run
says 2 "run: which configuration?" "weir run --help" run ""
says 2 "run: unexpected argument 'more'" "weir run --help" run "$small" more
says 2 "run: --out needs a value" "weir run --help" run "$small" --out
says 2 "run: --out needs a value" "weir run --help" run "$small" --out ""
says 2 "run: --resume takes no value" "weir run --help" run --resume=3
says 2 "run: --resume needs --out, the run's directory" "weir run --help" \
    run "$small" --resume
says 2 "run: --resume and --from exclude each other" "weir run --help" \
    run "$small" --out d --resume --from e
says 2 "plan: which configuration?" "weir plan --help" plan
# Only -v is short.
says 2 "run: unknown option '-s'" "weir run --help" run "$small" -s
says 2 "plan: --check is not an option of this command" "weir plan --help" \
    plan "$small" --check
says 2 "inspect: which file?" "weir inspect --help" inspect
says 2 "list: nothing is called 'solver', expected solvers, models, strategies, configs or keys" \
    "did you mean 'weir list solvers'?" \
    list solver
[ -e d ] && fail "a usage error made a directory"

# Help, on every way to it.
ends 0 --help
cp out help
for way in -h help ""; do
    ends 0 $way
    cmp -s out help || fail "'weir $way' is not 'weir --help'"
done
commands=$(sed -n 's/^  weir \([a-z]*\)  *[a-z].*/\1/p' help)
[ "$(echo $commands | wc -w)" -ge 4 ] || fail "commands in help: $commands"
for command in $commands; do
    ends 0 help "$command"
    cp out "$command.help"
    for way in --help -h; do
        ends 0 "$command" $way
        cmp -s out "$command.help" || fail "weir $command $way differs"
    done
    has "$command.help" "usage: weir $command"
    has help "$(sed -n 3p "$command.help")"
done

# An option is in a command's help exactly when the command takes it.
options=$(cat ./*.help | grep -o -- '--[a-z]*' | sort -u)
[ "$(echo "$options" | wc -l)" -ge 7 ] || fail "options in help: $options"
for command in $commands; do
    for option in $options; do
        call "$command" "$option"
        refused="$command: $option is not an option of this command"
        if grep -qE -- "$option( |\$|\.|,)" "$command.help"; then
            has_not err "$refused"
            has_not err "unknown option"
        elif [ "$option" != --help ]; then
            has err "$refused"
        fi
    done
done

ends 0 --version
grep -qE '^weir [0-9]+\.[0-9]+\.[0-9]+ \(' out || fail "version: $(cat out)"

# What cannot be printed is not passed over in silence.
if [ -w /dev/full ]; then
    "$weir" list >/dev/full 2>err
    [ $? = 3 ] || fail "a full standard output: status $?"
    has err "standard output: No space left on device"
fi
finish
