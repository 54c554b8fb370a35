"""Every code block of the README files and of docs/ runs, and what a page shows as output is what comes out.

How a block is carried out, and what it has to say for that, stands in `tests/stories.py`. Sections with the same
blocks, as on the two languages of a page, run once.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bots.onebot.settings import Settings
from core.config.checks import default_of
from core.config.emit import plain
from core.config.schema import FRAMEWORK_KEYS
from tests.stories import ROOT, SERVER, blocks_of, tell

PAGES = sorted([*ROOT.glob("README*.md"), *(page for page in ROOT.glob("docs/*.md") if page.stem != "benchmarks")])
DOCUMENT = Path(__file__).with_name("long-lived-data.zh.md")


def stories():
    """Each different story, by the places of the sections that tell it."""
    places = defaultdict(list)
    for page in PAGES:
        line = 1
        for section in re.split(r"^(?=## )", page.read_text(encoding="utf-8"), flags=re.M):
            if blocks := blocks_of(section):
                places[blocks].append(f"{page.relative_to(ROOT)}:{line}")
            line += section.count("\n")
    return {" and ".join(names): blocks for blocks, names in places.items()}


STORIES = stories()


@pytest.mark.parametrize("name", STORIES)
async def test_a_section_does_what_it_says(name, tmp_path, monkeypatch, caplog, request):
    monkeypatch.chdir(tmp_path)
    needs_server = any(block.language == "console" and SERVER in block.text for block in STORIES[name])
    server = request.getfixturevalue("postgres_url") if needs_server else None
    # What the README files show runs in processes of their own, the other pages' commands are forked.
    env = {} if name.startswith("README") else request.getfixturevalue("forked")
    await tell(STORIES[name], tmp_path, f"sqlite:///{tmp_path}/data/aha.db", caplog, server=server, env=env)


ABOUT_DATA = [
    name
    for name, blocks in STORIES.items()
    if name.startswith(("docs/data", "docs/store")) and any(block.language == "text" for block in blocks)
]


@pytest.mark.parametrize("name", ABOUT_DATA)
async def test_a_section_about_data_holds_on_postgresql_too(name, tmp_path, monkeypatch, caplog, postgres_url):
    monkeypatch.chdir(tmp_path)
    await tell(STORIES[name], tmp_path, postgres_url, caplog)


@pytest.mark.parametrize("page", ["docs/data.md", "docs/data.zh-CN.md"])
def test_the_examples_of_the_document_are_quoted_as_they_are(page):
    quoted = {block.text for block in blocks_of((ROOT / page).read_text(encoding="utf-8"))}
    examples = [block.text for block in blocks_of(DOCUMENT.read_text(encoding="utf-8"))]
    assert len(examples) == 2
    assert quoted.issuperset(examples)


def rows_of(page):
    """The first two cells of every table row: name -> default, without the backticks."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `([^`|]+)` \| `([^`|]*)` \|", text, re.M))


@pytest.mark.parametrize("page", ["docs/owner.md", "docs/owner.zh-CN.md"])
def test_every_key_is_told_with_its_default(page):
    told = rows_of(page)
    keys = {".".join(key.path): plain(default_of(key.spec)) for key in FRAMEWORK_KEYS}
    keys |= {field.name: field.default for field in fields(Settings)}
    yaml = YAML(typ="safe", pure=True)
    assert {name: yaml.load(told.get(name, "not told")) for name in keys} == keys


def messages():
    """Every text of our code that is long enough to be told from others, as a pattern with gaps for its values."""
    for path in [path for package in ("aha", "bots", "core", "services") for path in ROOT.glob(f"{package}/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "" for part in node.values]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                parts = re.split(r"%[sdg]|\{\w+\}", node.value)
            else:
                continue
            if len("".join(parts)) > 12:
                yield re.compile(".*".join(map(re.escape, parts)))


@pytest.mark.parametrize("page", ["docs/owner.md", "docs/owner.zh-CN.md"])
def test_what_the_log_says_is_what_our_code_says(page):
    table = re.search(r"^\| .*\n\| --- \| --- \|\n(\| `.*\n)+\Z", (ROOT / page).read_text(encoding="utf-8"), re.M)[0]
    said = [line for row in table.splitlines()[2:] for line in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    known = list(messages())
    assert [line for line in said if not any(message.search(line) for message in known)] == []
    assert len(said) > 10


PROSE = [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/adr/*.md")]


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("https://"):
            path, _, anchor = target.partition("#")
            file = page.parent / path if path else page
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), target


def anchors(page):
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
