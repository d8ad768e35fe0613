#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# On a terminal: one line, redrawn, never wider than the window.
. "${WEIR_SOURCE:?}/tests/program.sh"
python=$(python_with pty) || skip "no python3 with pty"
"$python" -c 'import pty; pty.openpty()' 2>/dev/null || skip "no pty to be had"
"$python" "$WEIR_SOURCE/tests/cli/terminal.py" "$weir" "$small" || fail "terminal"
finish
