"""The examples of the document as they are printed, in real processes."""

import re
import sqlite3
from pathlib import Path

import asyncpg

DOCUMENT = Path(__file__).parent / "long-lived-data.zh.md"


def document_blocks():
    """The two examples of the document: {file: code} of the first, and the second."""
    first, second = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    database, init = first.split("# __init__.py\n")
    return {"notes/database.py": database, "notes/__init__.py": f"# __init__.py\n{init}"}, second


def test_the_first_example_of_the_document_remembers(write, run, database_url):
    write(document_blocks()[0])
    url = ("--db", database_url)
    first = run("run", "--adapter", "console", *url, own=True, text="set hello\nget\n")
    assert (first.code, re.fullmatch(r"Test\(user=-?\d+, data='hello'\)\n", first.out) is not None) == (0, True), (
        first.err
    )
    again = run("run", "--adapter", "console", *url, own=True, text="get\n")
    assert (again.code, again.out) == (0, first.out), again.err


async def test_the_table_on_disk_has_the_name_of_the_document(write, run, sqlite_url, postgres_url):
    write(document_blocks()[0])
    for url in (sqlite_url, postgres_url):
        assert run("run", "--db", url).code == 0
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as file:
        assert file.execute("SELECT count(*) FROM test__notes").fetchone() == (0,)
    file.close()
    server = await asyncpg.connect(postgres_url)
    assert await server.fetchval("SELECT count(*) FROM test__notes") == 0
    await server.close()


def test_the_second_example_of_the_document_remembers(write, run, database_url):
    write({"memo.py": document_blocks()[1]})
    first = run("run", "--db", database_url, text="test\nget\n")
    assert (first.code, first.out) == (0, "hello\n"), first.err
    again = run("run", "--db", database_url, text="get\n")
    assert (again.code, again.out) == (0, "hello\n"), again.err
