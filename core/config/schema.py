"""The keys of the framework itself, with their defaults and comments. It reads no file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config.checks import Mismatch, Option, Rule, check, mismatch

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One registered key: where it stands from the root, its default (or Option, or Rule), its comment."""

    path: KeyPath
    spec: Any
    comment: str = ""

    @property
    def is_of_accounts(self) -> bool:
        """Whether its values are lists of accounts."""
        return isinstance(self.spec, Rule) and self.spec.accept is accounts

    @property
    def full_comment(self) -> str:
        """The comment as it stands in a file: with the choices, if there are any."""
        choices = f"One of: {', '.join(map(str, self.spec.choices))}." if isinstance(self.spec, Option) else ""
        return " ".join(filter(None, (self.comment, choices)))


# A section that may be written as the one value that matters most: `database: URL` is `database: {url: URL}`.
SHORT_FORMS: dict[KeyPath, str] = {("aha", "database"): "url", ("aha", "limit"): "messages"}

ACCOUNT = re.compile(r"[^\s:,]+:[^\s,]+")


def accounts(value: Any) -> frozenset[str | int]:
    """Accept one account or a list: "PLATFORM:ID" (as in "QQ:12345") or an Aha ID, which is a number."""
    items = value if isinstance(value, list | tuple | set | frozenset) else [value]
    for index, item in enumerate(items):
        if type(item) is int and -(2**63) <= item < 2**63:
            continue
        if not isinstance(item, str) or not ACCOUNT.fullmatch(item):
            raise mismatch('accounts such as "QQ:12345" or Aha IDs', item).below(index)
    return frozenset(items)


def prefixes(value: Any) -> tuple[str, ...]:
    """Accept one prefix or a list of them; empty ones are none."""
    items = check([""], value) if isinstance(value, list | tuple) else [check("", value)]
    return tuple(item for item in items if item)


def at_least_zero(value: Any) -> Any:
    """Accept a number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise mismatch("a number, 0 or more", value)
    return value


def count(value: Any) -> Any:
    """Accept a whole number that is not negative."""
    if type(value) is not int or value < 0:
        raise mismatch("a whole number, 0 or more", value)
    return value


def positive(value: Any) -> Any:
    """Accept a whole number from 1."""
    if type(value) is not int or value < 1:
        raise mismatch("a whole number, 1 or more", value)
    return value


def bots(value: Any) -> list[dict[str, Any]]:
    """Accept a list of mappings, each with `adapter` and, if it likes, a unique `id`."""
    result: list[dict[str, Any]] = check([{}], value)
    seen: set[str] = set()
    for index, bot in enumerate(result):
        if not isinstance(bot.get("adapter"), str):
            raise Mismatch('the name of an adapter ("adapter: onebot")', "none", (index,))
        if type(bot.get("id")) is int:
            bot["id"] = str(bot["id"])
        name = bot.get("id", bot["adapter"])
        if not isinstance(name, str) or name in seen:
            raise mismatch("an id that no other bot has", name).below(index)
        seen.add(name)
    return result


def access_keys(section: KeyPath, prefix: str = "") -> list[Key]:
    """Return the keys that say who is answered: of `aha` for all, and below `modules.<name>`, if there, for one."""
    modes = Option("blacklist", "whitelist")
    keys = []
    for who in ("group", "user"):
        name = f"{prefix}{who}_list"
        says = f"blacklist: the {who}s on the list get no answer. whitelist: only they get one."
        keys += [
            Key((*section, name), Rule(frozenset(), accounts), f'The {who} list: ["QQ:12345"] or Aha IDs.'),
            Key((*section, f"{name}_mode"), modes, says),
        ]
    return keys


BOTS_COMMENT = """\
The accounts of the bot: a list of mappings with "adapter", an "id" of your choice and what the adapter needs.
For example: [{adapter: onebot, id: main, url: "ws://127.0.0.1:3001", token: secret}]"""

FRAMEWORK_KEYS = (
    Key(("bots",), Rule([], bots), BOTS_COMMENT),
    Key(
        ("aha", "database", "url"),
        "",
        "Empty: the SQLite file aha.db in data_dir. Or a URL such as postgresql://user:password@host/name",
    ),
    Key(
        ("aha", "database", "synchronous"),
        Option("full", "normal"),
        "SQLite only. full: a commit survives a power cut. normal: faster, the last commits may not.",
    ),
    Key(
        ("aha", "database", "backups"),
        Rule(5, count),
        "How many backups are kept in data_dir/backups, the newest. 0: all.",
    ),
    Key(
        ("aha", "database", "pg_dump"),
        "",
        "PostgreSQL only. The program that makes backups, as new as the server. Empty: the one on PATH. "
        "none: Aha's own way.",
    ),
    Key(("aha", "data_dir"), Path("data"), "The folder for everything that the bot keeps."),
    Key(("aha", "debug"), spec=False, comment="Log in detail, also the conditions that failed."),
    Key(
        ("aha", "global_msg_prefix"),
        Rule((), prefixes, text=True),
        'What a message to the bot begins with: one or several, in quotes, such as ["/", "!"]. Empty: nothing.',
    ),
    Key(("aha", "lang"), Option("en", "zh"), "The language of the bot."),
    Key(
        ("aha", "limit", "messages"),
        Rule(0, at_least_zero),
        "How many messages of one user are answered within `seconds`. 0: all.",
    ),
    Key(("aha", "limit", "seconds"), Rule(60.0, at_least_zero), "See `messages`."),
    Key(("aha", "private"), spec=True, comment="Answer in private chats."),
    Key(
        ("aha", "store", "journal_mb"),
        Rule(1024, positive),
        "How much of the disk, in MB, changes of SimpleStores may take while the database cannot be reached.",
    ),
    Key(
        ("aha", "store", "max_mb"),
        Rule(256, positive),
        "How many MB the SimpleStore of each module may hold; beyond, setting a value is an error.",
    ),
    Key(("aha", "super"), Rule(frozenset(), accounts), 'Who may do everything: ["QQ:12345"] or Aha IDs.'),
    *access_keys(("aha",), "default_"),
    Key(("log", "level"), Option("info", "debug", "warning", "error", "critical"), "The least that is logged."),
    Key(("log", "file"), "", "A file to log to as well. Empty: none."),
)

# A module's own keys have other names.
RESERVED = {"aha", "modules", *(key.path[0] for key in access_keys(()))}
