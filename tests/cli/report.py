# SPDX-License-Identifier: BSD-3-Clause
"""A report is well-formed and its figures are those of run.h5.

Usage: report.py PAGE PICTURES DIR...   PICTURES: at least so many, each with
something drawn (0: none at all)
"""
import html.parser
import re
import sys

import h5py

VOID = {"meta", "br", "img", "use"}


class Page(html.parser.HTMLParser):
    """Tags that close, and the cells of every row by its first one."""

    def __init__(self):
        super().__init__()
        self.open, self.rows, self.row, self.pictures = [], {}, None, []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.row = []
        elif tag in ("td", "th"):
            self.row.append("")
        elif tag == "svg":
            self.pictures.append(0)
        elif tag in ("path", "use") and "svg" in self.open:
            self.pictures[-1] += 1

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open.pop() == tag, f"{tag} at {self.getpos()}"
        if tag == "tr":
            self.rows.setdefault(self.row[0], self.row[1:])

    def handle_startendtag(self, tag, attrs):
        if tag in ("path", "use") and "svg" in self.open:
            self.pictures[-1] += 1

    def handle_data(self, data):
        if self.row and self.open and self.open[-1] in ("td", "th"):
            self.row[-1] += data


def main(path, least, dirs):
    page, text = Page(), open(path, encoding="utf-8").read()
    page.feed(text)
    assert not page.open, page.open
    assert not re.search(r'(src|href)="(?!#)', re.sub(r"xlink:href='#", "", text))
    for title, column in (("test error, mean", "test/error_mean"),
                          ("test error, max", "test/error_max"),
                          ("simulations", "train/simulations")):
        for i, run in enumerate(dirs):
            with h5py.File(f"{run}/run.h5", "r", swmr=True) as f:
                value = f[column][-1]
            shown = float(page.rows[title][i].split()[0])
            assert abs(shown - value) <= 1e-3 * abs(value), (title, shown, value)
    assert len(page.pictures) >= least and (least or not page.pictures)
    assert all(n > 5 for n in page.pictures), page.pictures


main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
