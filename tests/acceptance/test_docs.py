"""Every code block of the README files and of docs/ runs, and what a page shows as output is what comes out.

A section (`##`) of a page is a story that begins in an empty folder. Its blocks, by language:

* `python`: files. A block says by a comment in its first line which file it is, `# modules/notes.py`; it may go on
  with others. One that must not say it has `<!-- file: modules/memo.py -->` before it, or `<!-- folder: modules/notes
  -->` if its comments give names alone. A block without any name goes on with the file before it. Tests run at once.
* `yaml`: `config.yml`. It has to load without a warning, and its adapters have to take their settings.
* `text`: a talk as the terminal shows it, `console> ping` and `bot> pong`, with all modules that are in the folder, or
  in `<!-- modules: examples -->`. `7 in 20> ping` is user 7 in group 20; `(restart)` stops the bot and starts it anew.
* `console`: commands after `$ `, and what they print; `...` stands for anything, the time of day does not matter.
* `sh`: commands that would change the machine. They are read by the shell, but only `aha` and `make` are looked up.
* `ini`: a systemd unit, whose command has to be one of `aha`; or a file, if `<!-- file: pytest.ini -->` says so.

Sections with the same blocks, as on the two languages of a page, run once.
"""

from __future__ import annotations

import ast
import configparser
import importlib.util
import inspect
import os
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from aha.adapters import entries, make
from aha.cli import app
from aha.testing import running_bot
from bots.console.show import shown
from bots.onebot.settings import Settings
from core.config import Config
from core.config.checks import default_of
from core.config.emit import plain
from core.config.schema import FRAMEWORK_KEYS
from models.api import Message

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *(page for page in ROOT.glob("docs/*.md") if page.stem != "benchmarks")])
DOCUMENT = Path(__file__).with_name("long-lived-data.zh.md")

_BLOCK = re.compile(r"(?:^<!-- (?P<note>.+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
_FILE = re.compile(r"^# ([\w./-]+\.py)\n", re.M)
_SAID = re.compile(r"(?P<user_id>\w+)(?: in (?P<group_id>\w+))?> (?P<message>.*)")


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    text: str
    note: str

    def files(self):
        """The files that a python block holds: name or None -> code."""
        key, _, value = self.note.partition(": ")
        if key == "file":
            return {value: self.text}
        start, *rest = _FILE.split(self.text)
        folder = Path(value if key == "folder" else "")
        found = {(folder / name).as_posix(): code for name, code in zip(rest[::2], rest[1::2], strict=True)}
        return found or {None: start}


def blocks_of(text):
    found = tuple(Block(m["language"], m["text"], m["note"] or "") for m in _BLOCK.finditer(text))
    assert text.count("```") == 2 * len(found), "a block that is indented or not closed would never run"
    return found


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


class Story:
    """A folder in which blocks are carried out."""

    def __init__(self, folder, database):
        self.folder = folder
        self.database = database
        self.last = None

    def python(self, block):
        for name, code in block.files().items():
            assert name or self.last, "the first block of a section has to say which file it is"
            path = self.last = self.folder / name if name else self.last
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if name is None else "w", encoding="utf-8") as file:
                file.write(code)

    async def tests_in(self, path):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, test in vars(module).items():
            if name.startswith("test_") and not inspect.signature(test).parameters:
                await test()

    def yaml(self, block, caplog):
        path = self.folder / "config.yml"
        path.write_text(block.text, encoding="utf-8")
        config = Config()
        config.load(path, environ={})
        for entry in entries(config.bots):
            make(entry, None)
        assert not caplog.records

    async def text(self, block):
        elsewhere = block.note.removeprefix("modules: ")
        folder = ROOT / elsewhere if elsewhere else self.folder / "modules"
        modules = [path for path in folder.iterdir() if path.name != "__pycache__"]
        config = self.folder / "config.yml"
        values = YAML(typ="safe").load(config) if config.exists() else None
        async with running_bot(modules=modules, database=self.database, config=values) as bot:
            for said, answers in turns(block.text):
                if said is None:
                    await bot.restart()
                    continue
                event = Message(message_id="1", platform="console", **said)
                assert [shown(chain) for chain in await bot.send_event(event)] == answers

    def console(self, block):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AHA_", "PYTEST_"))}
        clean |= {"PATH": f"{Path(sys.executable).parent}:{clean['PATH']}", "COLUMNS": "100", "NO_COLOR": "1"}
        for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            process = subprocess.run(
                ["bash", "-c", f"exec 2>&1; {command}"],
                cwd=self.folder,
                env=clean,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            pattern = re.escape(neutral(expected)).replace(r"\.\.\.", ".*")
            assert re.fullmatch(pattern, neutral(process.stdout), re.DOTALL), f"$ {command}\n{process.stdout}"

    def sh(self, block):
        subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
        for line in block.text.splitlines():
            look_up(shlex.split(line, comments=True))

    def ini(self, block):
        if block.note:
            (self.folder / block.note.removeprefix("file: ")).write_text(block.text, encoding="utf-8")
            return
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str
        unit.read_string(block.text)
        assert {"Unit", "Service", "Install"} <= set(unit)
        assert look_up(shlex.split(unit["Service"]["ExecStart"]))


def turns(talk):
    """Yield what is said, None for a restart, and the answers to it."""
    said, answers = None, []
    for line in talk.splitlines():
        if line.startswith("bot> "):
            answers.append(line.removeprefix("bot> "))
        elif line != "(restart)" and not (found := _SAID.fullmatch(line)):
            answers[-1] += f"\n{line}"
        else:
            yield said, answers
            said, answers = None if line == "(restart)" else found.groupdict(), []
    yield said, answers


def neutral(output):
    output = re.sub(r"^\d\d:\d\d:\d\d ", "00:00:00 ", output.rstrip(), flags=re.M)
    return re.sub(r"\d+\.\d\d? ?s\b", "0.00 s", output)


def look_up(words):
    """Find `aha` or `make` in a command and make sure that what it is asked for exists."""
    for number, word in enumerate(words):
        if Path(word).name == "aha":
            app.parse_args(words[number + 1 :], print_error=False, exit_on_error=False)
            return True
        if word == "make":
            targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
            assert {word for word in words[number + 1 :] if "=" not in word} <= set(targets)
            return True
    return False


async def tell(blocks, folder, database, caplog):
    story = Story(folder, database)
    for number, block in enumerate(blocks):
        assert block.language in ("python", "yaml", "text", "console", "sh", "ini"), f"what is {block.language!r}?"
        if block.language == "python":
            story.python(block)
            goes_on = blocks[number + 1 : number + 2]
            if story.last.name.startswith("test_") and not (goes_on and goes_on[0].language == "python"):
                await story.tests_in(story.last)
        elif block.language == "yaml":
            story.yaml(block, caplog)
        elif block.language == "text":
            await story.text(block)
        else:
            getattr(story, block.language)(block)


@pytest.mark.parametrize("name", STORIES)
async def test_a_section_does_what_it_says(name, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    await tell(STORIES[name], tmp_path, f"sqlite:///{tmp_path}/data/aha.db", caplog)


ABOUT_DATA = [
    name
    for name, blocks in STORIES.items()
    if name.startswith("docs/data") and any(block.language == "text" for block in blocks)
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
                parts = re.split(r"%[sdg]", node.value)
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
