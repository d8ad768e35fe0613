# SPDX-License-Identifier: BSD-3-Clause
"""Every atomic access names its label, and every label is explained.

An access needs a label (a letter and a number: P1) in a comment on the line
before it or within three lines after it. A label is explained when the block
comment of a header says it: of the access's own room or a room before it (for
pipeline: any), or of the file itself. Fences are refused: ThreadSanitizer does
not know them. Usage: atomics.py ROOT
"""
import re
import sys

from sources import ROOMS, files, room_of, split

ACCESS = re.compile(r"\b(?:atomic_(?:load|store|exchange|compare_exchange|fetch|flag)\w*"
                    r"|__atomic_\w+|__sync_\w+)\s*\(")
FENCE = re.compile(r"\b(?:atomic_thread_fence|atomic_signal_fence|__sync_synchronize)\s*\(")
LABEL = re.compile(r"\b[A-Z]\d{1,2}\b")


def explained(comments):
    """Labels in the lines of block comments."""
    found = set()
    for line in comments:
        if re.match(r"\s*\*|\s*/\*\*?\s*$", line):
            found.update(LABEL.findall(line))
    return found


def main(root):
    wrong, accesses = [], 0
    read = {p: split(p.read_text()) for p in files(root, "src", "pipeline")}
    by_room = {}
    for path, (_, comments) in read.items():
        if path.suffix == ".h":
            by_room.setdefault(room_of(root, path), set()).update(explained(comments))
    for path, (code, comments) in read.items():
        room = room_of(root, path)
        rooms = ROOMS[: ROOMS.index(room) + 1] if room in ROOMS else list(by_room)
        known = explained(comments).union(*(by_room.get(r, set()) for r in rooms))
        for i, line in enumerate(code):
            at = f"{path.relative_to(root)}:{i + 1}"
            if FENCE.search(line):
                wrong.append(f"{at}: a fence; order the accesses themselves")
            if not ACCESS.search(line):
                continue
            accesses += 1
            labels = LABEL.findall(" ".join(comments[max(i - 1, 0) : i + 4]))
            if not labels:
                wrong.append(f"{at}: an atomic access without a label")
            wrong += [f"{at}: label {x} is explained in no header of its room"
                      for x in labels if x not in known]
    print("\n".join(wrong) if wrong else f"{accesses} atomic accesses, all labelled")
    return 1 if wrong or accesses == 0 else 0


sys.exit(main(sys.argv[1]))
