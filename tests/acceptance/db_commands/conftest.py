"""A database of a module's first release, and the second release beside it."""

from __future__ import annotations

import pytest

from tests.acceptance.db_commands.notes import MODULE


@pytest.fixture
def db(aha):
    """Runs `aha db`."""
    return lambda *arguments: aha("db", *arguments)


@pytest.fixture
def release(write):
    """Writes a release of module notes: what its table note has besides the key."""

    def write_release(columns, imports=""):
        write({"notes.py": MODULE.format(columns=columns, imports=imports and f", {imports}")})

    return write_release


@pytest.fixture
def old(release, db, rows):
    """A database of the first release with two rows."""
    release("Column('text', Text), Column('nick', Text)")
    assert db("migrate").code == 0
    rows("INSERT INTO note__notes VALUES (1, 'x', 'a'), (2, '2', 'b')")


@pytest.fixture
def new(old, release):
    """The second release: a number that was a text, a column less, and one that needs a value."""
    release("Column('text', Integer), Column('size', Integer, nullable=False)")
