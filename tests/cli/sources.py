# SPDX-License-Identifier: BSD-3-Clause
"""C sources of the tree, split into code and comments, line by line."""
import pathlib
import re

# A room may include itself and the rooms before it.
ROOMS = ["base", "shm", "client", "topo", "pde", "nn", "acquire", "io"]

# The floors of pipeline, those that know each other in one line.
FLOORS = [
    {"clients", "run"},
    {"stages", "record"},
    {"session"},
    {"view"},
    {"report"},
    {"pool", "commands"},
]

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def files(root, *folders):
    """Every .c and .h below the folders, in order."""
    for folder in folders:
        for path in sorted(pathlib.Path(root, folder).rglob("*.[ch]")):
            yield path


def room_of(root, path):
    """'base' .. 'io', or 'pipeline', or 'include'."""
    parts = path.relative_to(root).parts
    return parts[1] if parts[0] == "src" else parts[0]


def split(text):
    """(code, comments): same lines, the other kind blanked; code keeps the
    quotes of string literals but not what is in them, but for #include."""

    def blank(s):
        return re.sub(r"[^\n]", " ", s)

    code, comments, at = [], [], 0
    for m in TOKEN.finditer(text):
        plain, token = text[at : m.start()], m.group()
        code.append(plain)
        comments.append(blank(plain))
        if token[0] == "/":
            code.append(blank(token))
            comments.append(token)
        else:
            line = plain.rsplit("\n", 1)[-1]
            keep = line.lstrip().startswith("#include")
            code.append(token if keep else token[0] + blank(token[1:-1]) + token[0])
            comments.append(blank(token))
        at = m.end()
    code.append(text[at:])
    return "".join(code).split("\n"), "".join(comments).split("\n")
