"""Short ways to append to a journal and to see what is in it."""

from __future__ import annotations

SMALL = 1 << 14


def put(journal, number, *changes):
    with journal.lock:
        return [journal.append(number, key.encode(), value) for key, value in changes]


def found(journal, name):
    return [(record.key.decode(), record.value) for record in journal.found.records(name)]


def fill(journal, number, segments, *, first=0):
    """Append until so many more segments are there, and return the changes."""
    before = len(files(journal))
    changes = []
    while len(files(journal)) < before + segments:
        changes.append((f"key {first + len(changes)}", bytes(1000)))
        put(journal, number, changes[-1])
    return changes


def files(journal):
    return sorted(path.name for path in journal.folder.glob("*.journal"))
