# SPDX-License-Identifier: BSD-3-Clause
"""src keeps to its rooms and stays silent; pipeline keeps to its floors.

A room includes itself and the rooms before it, never pipeline; include/weir
includes itself alone. A floor of pipeline includes itself and those below. src neither prints nor ends the process nor reads the
environment; it may write to buffers and to files of its own. The client room
may read the environment: in a solver's process that is how it is told things.
Usage: rooms.py ROOT
"""
import re
import sys

from sources import FLOORS, ROOMS, files, room_of, split

INCLUDE = re.compile(r'#\s*include\s+"([^"]+)"')
FORBIDDEN = re.compile(r"\b(v?printf|puts|putchar|perror|psignal|exit|_exit|_Exit|quick_exit"
                       r"|abort|getenv|secure_getenv|setenv)\s*\(|\b(stdout|stderr)\b")


def include_is_allowed(room, name):
    first = name.split("/")[0]
    if first == "weir" or "/" not in name:
        return True
    return room in ROOMS and first in ROOMS[: ROOMS.index(room) + 1]


def level(floor):
    return next((i for i, names in enumerate(FLOORS) if floor in names), len(FLOORS))


def upstairs(root):
    """Includes of pipeline that point to a higher floor."""
    for path in files(root, "pipeline"):
        here = level(path.relative_to(root).parts[1])
        for i, line in enumerate(split(path.read_text())[0]):
            for name in INCLUDE.findall(line):
                if name.startswith("pipeline/") and level(name.split("/")[1]) > here:
                    yield f"{path.relative_to(root)}:{i + 1}: below {name}"


def main(root):
    wrong, seen = list(upstairs(root)), 0
    for path in files(root, "include", "src"):
        room, (code, _) = room_of(root, path), split(path.read_text())
        if room != "include" and room not in ROOMS:
            wrong.append(f"{path.relative_to(root)}:1: {room} is not a room")
        seen += 1
        for i, line in enumerate(code):
            at = f"{path.relative_to(root)}:{i + 1}"
            for name in INCLUDE.findall(line):
                if not include_is_allowed(room, name):
                    wrong.append(f"{at}: {room} may not include {name}")
            for m in FORBIDDEN.finditer(line):
                if room == "client" and m.group(1) == "getenv":
                    continue
                wrong.append(f"{at}: src does not use {m.group(1) or m.group(2)}")
    print("\n".join(wrong) if wrong else f"{seen} files, all in their rooms")
    return 1 if wrong or seen == 0 else 0


sys.exit(main(sys.argv[1]))
