"""Writes docs/benchmarks.md from what was found. Everything in a section comes from one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.rows import Row, Section

HEAD = """\
| what | against | must reach | Aha | the other | Aha against it | verdict |
| --- | --- | --- | ---: | ---: | ---: | --- |"""

REPEAT = """\
`make bench` repeats all of it and rewrites this page; the peers get a virtual environment of their own, with the
versions that `requirements/bench.txt` locks. `python -m benchmarks --quick` takes few rounds, `--only SECTION` a part
(dispatch, onebot, start, database, migration, store, reload); both print the page and leave this file alone, but
`--only SECTION --replace` puts the part in its place here. Nothing else should run on the machine meanwhile."""


def page(sections: Sequence[Section], *, machine: str, versions: Mapping[str, str], rounds: str) -> str:
    return "\n".join(_lines(sections, machine, versions, rounds))


def is_like(old: str, *, machine: str, versions: Mapping[str, str], rounds: str) -> bool:
    """Whether the page `old` was made on this machine, with these versions and rounds."""
    return old.startswith("\n".join(_head(machine, versions, rounds)))


def with_section(old: str, section: Section) -> str:
    """Return the page `old` with `section`, which it has, measured anew."""
    before, _, rest = old.partition(f"\n## {section.title}\n")
    return "\n".join((before, *_section(section), rest[rest.index("\n## ") + 1 :]))


def _lines(sections: Sequence[Section], machine: str, versions: Mapping[str, str], rounds: str) -> Iterator[str]:
    yield from _head(machine, versions, rounds)
    for section in sections:
        yield from _section(section)
    yield f"## To repeat it\n\n{REPEAT}\n"


def _head(machine: str, versions: Mapping[str, str], rounds: str) -> Iterator[str]:
    yield "# Benchmarks\n"
    yield "Each section was measured in one run, ours and the other in turns. Figures are medians over the rounds; the"
    yield "ratio or the difference is the median of what each round's was, with the lowest and the highest in brackets."
    yield f"{rounds}.\n"
    yield f"Machine: {machine}.\n"
    yield f"Versions: {', '.join(f'{name} {version}' for name, version in versions.items())}.\n"


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {section.title}\n", HEAD, *map(_row, section.rows), "")
    if section.notes:
        yield from (*(f"* {note}" for note in section.notes), "")
    yield section.how + "\n"


def _row(row: Row) -> str:
    verdict = {True: "met", False: "**not met**", None: "shown beside"}[row.met]
    figures = (_figure(row, row.our_median), _figure(row, row.peer_median), _comparison(row))
    return f"| {' | '.join((row.what, row.against, _required(row), *figures, verdict))} |"


def _figure(row: Row, value: float) -> str:
    return {"per second": f"{value:,.0f}/s", "seconds": f"{value:.2f} s", "MB": f"{value:,.0f} MB"}[row.unit]


def _required(row: Row) -> str:
    if row.allowed is None:
        return row.proves or "–"
    bounds = {"per second": "≥ {:g} ×", "seconds": "≤ it + {:g} s", "MB": "≤ {:g} ×"}
    return bounds[row.unit].format(row.allowed)


def _comparison(row: Row) -> str:
    found = (row.compared, min(row.each), max(row.each))
    form = "{:+.2f} s ({:+.2f} to {:+.2f})" if row.unit == "seconds" else "{:.2f} × ({:.2f} to {:.2f})"
    return form.format(*found)
