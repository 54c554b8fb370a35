"""Edits of a shop that serves under load: each is a step that ends when what has to follow from it has been seen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count, groupby
from typing import TYPE_CHECKING, Any

from tests.acceptance.edited_shop import GUEST, Column, Shop
from tests.load import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from tests.load import Load

# So many answers are looked at to see that something stays as it is.
_SOME = 20
_FEW = 5


class Chat:
    """What is said to a bot and heard of it; answers to numbered messages are for the load, `others` are kept here."""

    def __init__(self, say: Callable[[str], Awaitable[object]], heard: Callable[[], Iterable[str]]) -> None:
        self.say = say
        self.others: list[str] = []
        self._heard = heard

    async def say_numbered(self, number: int) -> None:
        """Say the message of that number: most are for the shop."""
        await self.say(f"{ {3: 'till', 7: 'calm'}.get(number % 10, 'shop') } {number}")

    def numbered(self) -> list[str]:
        """What was answered to numbered messages since the last call."""
        lines = list(self._heard())
        self.others += [line for line in lines if not line[:1].isdigit()]
        return [line for line in lines if line[:1].isdigit()]


class Stage:
    """A bot under load. `served` are the releases of the shop that have answered, the last of them does.

    `command` runs `aha` to its end in the bot's folder. With `by_command` the bot is told of edits, else it sees them.
    """

    def __init__(
        self, process: Any, chat: Chat, load: Load, *, modules: Path, command: Callable[..., Any], by_command: bool
    ) -> None:
        self.process = process
        self.chat = chat
        self.load = load
        self.modules = modules
        self.by_command = by_command
        self.served: list[Shop] = []
        self.numbers = count(1)
        self._command = command

    @property
    def shop(self) -> Shop:
        """The release that serves."""
        return self.served[-1]

    def edit(self, files: dict[str, str]) -> None:
        """Write what is not so already, as editors do: aside, and then in its place."""
        for name, code in files.items():
            path = self.modules / name
            if not path.exists() or path.read_text() != code:
                aside = self.modules.with_name("being written")
                aside.write_text(code)
                aside.replace(path)

    async def aha(self, *arguments: str, code: int = 0) -> str:
        """Run a command that has to end with this code; return what it wrote."""
        ended = await asyncio.to_thread(self._command, *arguments)
        assert ended.code == code, (arguments, ended.out, ended.err, self.process.err)
        return f"{ended.out}{ended.err}"

    async def reload(self, name: str = "shop", *, code: int = 0) -> str:
        """Tell the bot that a module was edited, unless it is to see that; return what it answers."""
        return await self.aha("reload", name, code=code) if self.by_command else ""

    async def said(self, text: str, *, since: int) -> None:
        """Wait until the bot says so in its log, beyond so many characters of it."""
        await until(lambda: text in self.process.err[since:], why=lambda: f"{text!r} in the log: {self.process.err}")

    async def answers(self, release: Shop) -> None:
        """See that this release answers from now on, and what imports it does with it."""
        for answer in release.answers:
            await self.load.answered(answer.__eq__, why=f"{answer!r}: {self.process.err}")
        self.served.append(release)

    async def serves(self, release: Shop) -> None:
        """Put in place a release that works."""
        self.edit(release.files)
        await self.reload()
        await self.answers(release)

    async def goes_on(self) -> None:
        """See that the same release answers still."""
        answers = await self.load.next_answers(_SOME, lambda answer: answer.startswith("shop"))
        assert {*answers} == {self.shop.answers[0]}, answers

    async def refuses(self, release: Shop, *, why: str) -> None:
        """Put in place a release that does not work."""
        before = len(self.process.err)
        self.edit(release.files)
        await self.reload(code=1)
        await self.said(why, since=before)
        await self.goes_on()

    def answered_in_turn(self) -> None:
        """See that each release answered from one message to another, and none before or after."""
        answers = [texts[0] for _, texts in sorted(self.load.answers.items())]
        shop, till, calm = ([text for text in answers if text.startswith(name)] for name in ("shop", "till", "calm"))
        assert [text for text, _ in groupby(shop)] == [text for text, _ in groupby(r.answers[0] for r in self.served)]
        assert [text for text, _ in groupby(till)] == [text for text, _ in groupby(r.answers[1] for r in self.served)]
        assert len({*calm}) == 1, "the module that has nothing to do with it was imported again"

    # --- the steps ---

    async def edit_the_reply(self) -> None:
        await self.serves(replace(self.shop, reply=self.shop.reply + 1))

    async def edit_a_helper(self) -> None:
        await self.serves(replace(self.shop, words=self.shop.words + 1))

    async def add_a_column(self) -> None:
        await self.serves(replace(self.shop, sale=(*self.shop.sale, self._column())))

    async def rename_a_column(self) -> None:
        if not self.shop.sale:
            await self.add_a_column()
        *others, last = self.shop.sale
        renamed = replace(last, names=(*last.names, self._name()))
        await self.serves(replace(self.shop, sale=(*others, renamed)))

    async def change_a_type(self) -> None:
        """A number becomes a text, and the statement that reads it stays the same."""
        await self.add_a_column()
        *others, last = self.shop.sale
        await self.serves(replace(self.shop, sale=(*others, replace(last, is_text=True))))

    async def edit_the_database(self) -> None:
        """It stays as it is until it is asked for by name."""
        release = replace(self.shop, customer=(*self.shop.customer, self._column()))
        before = len(self.process.err)
        self.edit(release.files)
        if self.by_command:
            assert "--with-database" in await self.reload()
        else:
            await self.said("--with-database", since=before)
        await self.goes_on()
        await self.aha("reload", "shop", "--with-database", "shop")
        await self.answers(release)

    async def ask_several_times_at_once(self) -> None:
        release = replace(self.shop, reply=self.shop.reply + 1)
        self.edit(release.files)
        await asyncio.gather(*(self.aha("reload", *names) for names in (["shop"], ["till"], ["till", "shop"])))
        await self.answers(release)

    async def break_the_syntax(self) -> None:
        await self.refuses(replace(self.shop, end="def ("), why="modules/shop/__init__.py, line")
        await self.edit_the_reply()

    async def name_what_is_not_there(self) -> None:
        name = f"missing_{next(self.numbers)}"
        await self.refuses(replace(self.shop, end=name), why=f"NameError: name '{name}' is not defined")
        await self.edit_the_reply()

    async def fail_at_the_start(self) -> None:
        """The tables are changed already when the new code fails: the old code goes on with the new tables."""
        release = replace(self.shop, sale=(*self.shop.sale, self._column()))
        why = f"no stock {next(self.numbers)}"
        await self.refuses(replace(release, on_start=f"raise RuntimeError({why!r})"), why=f"RuntimeError: {why}")
        await self.serves(release)

    async def let_a_callback_end(self) -> None:
        """Old code that runs ends its work before the new code comes."""
        gate = self._gate()
        old = self.shop
        await self.chat.say(f"wait {gate.name}")
        await self.said(f"waiting at {gate.name}", since=0)
        release = replace(old, reply=old.reply + 1)
        await self._serves_after(gate, release)
        assert f"waited at {gate.name} reply={old.reply} words={old.words}" in self.chat.others

    async def start_slowly(self) -> None:
        """New code takes its time before it serves."""
        gate = self._gate()
        await self._serves_after(
            gate, replace(self.shop, reply=self.shop.reply + 1, on_start=f"await wait_at({gate.name!r})")
        )

    async def _serves_after(self, gate: Path, release: Shop) -> None:
        """Put in place a release that serves when the gate opens; until then the shop's messages wait, no others."""
        self.edit(release.files)
        reloading = asyncio.create_task(self.reload())
        await until(self._only_others_answer, why=lambda: f"the shop waits: {self.load}, {self.process.err}")
        self._open(gate)
        await reloading
        await self.answers(release)

    def _only_others_answer(self) -> bool:
        first = max(number for number, texts in self.load.answers.items() if texts[0].startswith("shop"))
        return sum(number > first for number in self.load.answers) >= _FEW

    def _open(self, gate: Path) -> None:
        gate.touch()

    def _gate(self) -> Path:
        return self.modules.with_name(f"gate_{next(self.numbers)}")

    async def come_and_go(self) -> None:
        """A module is added, disabled and enabled by command and by file, and removed."""
        here, away = self.modules / "guest.py", self.modules / "DISABLEDguest.py"
        self.edit({"guest.py": GUEST})
        await self.reload("guest")
        await self._guest_is(on=True)
        await self.aha("modules", "disable", "guest")
        await self._guest_is(on=False)
        await self.aha("modules", "enable", "guest")
        await self._guest_is(on=True)
        here.rename(away)
        await self.reload("guest")
        await self._guest_is(on=False)
        away.rename(here)
        await self.reload("guest")
        await self._guest_is(on=True)
        here.unlink()
        await self.reload("guest")
        await self._guest_is(on=False)

    async def _guest_is(self, *, on: bool) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self._guest_answers() != on:
                pass

    async def _guest_answers(self) -> bool:
        asked = f"guest {next(self.numbers)}"
        await self.chat.say(asked)
        await self.load.next_answers(_SOME, lambda answer: answer.startswith("shop"))
        return asked in self.chat.others

    def _column(self) -> Column:
        return Column((self._name(),))

    def _name(self) -> str:
        return f"column_{next(self.numbers)}"
