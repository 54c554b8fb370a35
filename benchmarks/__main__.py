"""`python -m benchmarks`: measure everything and rewrite docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import time
from functools import reduce
from typing import TYPE_CHECKING

from benchmarks import database, dispatch, migration, onebot, reload, start, store
from benchmarks.machine import machine, versions
from benchmarks.page import is_like, page, with_section
from benchmarks.programs import PEER_PYTHON, ROOT, end_children_on_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.rows import Section

PAGE = ROOT / "docs" / "benchmarks.md"
# What is measured, with the number of rounds, and that of a quick run.
SECTIONS = {
    "dispatch": (dispatch.measure, 25, 5),
    "onebot": (onebot.measure, 9, 2),
    "start": (start.measure, 11, 2),
    "database": (database.measure, 21, 2),
    "migration": (migration.measure, 5, 2),
    "store": (store.measure, 5, 2),
    "reload": (reload.measure, 5, 2),
}


def main() -> None:
    options = _options()
    if not PEER_PYTHON.exists():
        sys.exit("benchmarks: the peers are not installed; run: make bench")
    rounds = _rounds(options.only, quick=options.quick)
    old = PAGE.read_text(encoding="utf-8") if options.replace else ""
    whole = _rounds(list(SECTIONS), quick=False)
    if options.replace and not is_like(old, machine=machine(), versions=versions(), rounds=whole):
        sys.exit("benchmarks: the page is of another machine, other versions or rounds: measure all of it (make bench)")
    end_children_on_signals()
    sections = [_measured(name, quick=options.quick) for name in options.only]
    if options.replace:
        PAGE.write_text(reduce(with_section, sections, old), encoding="utf-8")
    elif options.quick or len(sections) < len(SECTIONS):
        print(page(sections, machine=machine(), versions=versions(), rounds=rounds))
    else:
        PAGE.write_text(page(sections, machine=machine(), versions=versions(), rounds=rounds), encoding="utf-8")
    _summary(sections)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds; print the page, write nothing")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="print these sections")
    parser.add_argument("--replace", action="store_true", help="with --only: put the sections into the page")
    options = parser.parse_args()
    if options.replace and options.quick:
        parser.error("--replace is for full runs: leave --quick out")
    return options


def _measured(name: str, *, quick: bool) -> Section:
    measure, full, few = SECTIONS[name]
    begun = time.monotonic()
    print(f"{name} ...", file=sys.stderr)
    section = measure(few if quick else full)
    print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return section


def _rounds(names: Sequence[str], *, quick: bool) -> str:
    return "Rounds: " + ", ".join(f"{SECTIONS[name][2 if quick else 1]} ({name})" for name in names)


def _summary(sections: Sequence[Section]) -> None:
    missed = [row for section in sections for row in section.rows if row.met is False]
    for row in missed:
        print(f"not met: {row.what}: {row.compared:.2f} against {row.against}, allowed {row.allowed}", file=sys.stderr)
    print(f"{len(missed)} rows not met", file=sys.stderr)


if __name__ == "__main__":
    main()
