"""Carries out the code blocks of a page, and compares what it shows as output with what comes out. It knows no page.

A section (`##`) of a page is a story that begins in an empty folder. Its blocks, by language:

* `python`: files. A block says by a comment in its first line which file it is, `# modules/notes.py`; it may go on
  with others. One that must not say it has `<!-- file: modules/memo.py -->` before it, or `<!-- folder: modules/notes
  -->` if its comments give names alone. A block without any name goes on with the file before it. Tests run at once.
* `yaml`: `config.yml`. It has to load without a warning, and its adapters have to take their settings.
* `text`: a talk as the terminal shows it, `console> ping` and `bot> pong`, with all modules that are in the folder, or
  in `<!-- modules: examples -->`. `7 in 20> ping` is user 7 in group 20; `(restart)` stops the bot and starts it anew.
* `console`: commands after `$ `, and what they print; `...` stands for anything, times and sizes do not matter. In a
  command the moment in a backup's name stands for whatever moment it is, `SERVER` for an empty database on PostgreSQL.
  With `<!-- while: aha run -->` before them, that runs beside them, from its ready line on.
* `sh`: commands that would change the machine. They are read by the shell, but only `aha` and `make` are looked up.
* `ini`: a systemd unit, whose command has to be one of `aha`; or a file, if `<!-- file: pytest.ini -->` says so.

Blocks in a comment are carried out too: modules that readers need not see.
"""

from __future__ import annotations

import configparser
import importlib.util
import inspect
import os
import re
import shlex
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from aha.adapters import entries, make
from aha.cli import app
from aha.testing import running_bot
from bots.console.show import shown
from core.config import Config
from models.api import Message

ROOT = Path(__file__).parents[1]

_BLOCK = re.compile(r"(?:^<!-- (?P<note>[^\n]+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
_FILE = re.compile(r"^# ([\w./-]+\.py)\n", re.M)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d([:-])\d\d[:-]\d\d")
SERVER = "postgresql://bot:secret@localhost/bot"
_SAID = re.compile(r"(?P<user_id>\w+)(?: in (?P<group_id>\w+))?> (?P<message>.*)")


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    text: str
    note: str

    def files(self):
        """The files that a python block holds: name or None -> code."""
        key, _, value = self.note.partition(": ")
        assert key in ("", "file", "folder"), f"what is {self.note!r}?"
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


class Story:
    """A folder in which blocks are carried out. `server` is what `SERVER` stands for, `env` is added for commands."""

    def __init__(self, folder, database, server=None, env=None):
        self.folder = folder
        self.database = database
        self.server = server or SERVER
        self.env = env or {}
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
        clean |= self.env
        with self.meanwhile(block.note.removeprefix("while: "), clean):
            self.commands(block, clean)

    @contextmanager
    def meanwhile(self, command, env):
        """Run a bot until the end of the body, where it has to stop in good order; "" is none."""
        if not command:
            yield
            return
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        bot = subprocess.Popen(["bash", "-c", f"exec {command} 2>&1"], cwd=self.folder, env=env, **streams)
        try:
            said = [bot.stdout.readline()]
            while said[-1] and not re.search("ready: |已就绪：", said[-1]):
                said.append(bot.stdout.readline())
            yield
        finally:
            said.append(bot.communicate(timeout=60)[0])
        assert bot.returncode == 0, "".join(said)

    def commands(self, block, env):
        for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            command = _MOMENT.sub("*", command).replace(SERVER, shlex.quote(self.server))
            process = subprocess.run(
                ["bash", "-c", f"exec 2>&1; {command}"],
                cwd=self.folder,
                env=env,
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
    """Return what is said, None for a restart, each with the answers to it."""
    found = []
    for line in talk.splitlines():
        if line.startswith("bot> "):
            found[-1][1].append(line.removeprefix("bot> "))
        elif said := _SAID.fullmatch(line):
            found.append((said.groupdict(), []))
        elif line == "(restart)":
            found.append((None, []))
        else:
            found[-1][1][-1] += f"\n{line}"
    return found


def neutral(output):
    output = re.sub(r"^\d\d:\d\d:\d\d ", "00:00:00 ", output.rstrip(), flags=re.M)
    output = _MOMENT.sub(r"2000-01-01\g<1>00\g<2>00\g<2>00", output)
    output = re.sub(r"\b\d{1,3},\d{3}\b", "0,000", output)
    # The second backup of the same second has a number, which moves the columns of a table.
    output = re.sub(r"(?<=\S) {2,}", "  ", re.sub(r"(?<=-sqlite)_\d(?=\.zip)", "", output))
    return re.sub(r"\d+\.\d\d?( ?)(s\b|秒)", r"0.00\g<1>\g<2>", output)


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


async def tell(blocks, folder, database, caplog, *, server=None, env=None):
    story = Story(folder, database, server, env)
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
