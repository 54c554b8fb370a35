"""Who speaks at the console and where, and the commands that change it. It reads and shows nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

HELP = """\
/as ID      speak as user ID
/in GROUP   speak in group GROUP
/private    speak to the bot alone
/help       show this
Any other line is a message to the bot."""


@dataclass(slots=True)
class Speaker:
    """`group` is None in a private talk."""

    user: str = "console"
    group: str | None = None

    @property
    def place(self) -> str:
        """Who speaks where, in few words."""
        return self.user if self.group is None else f"{self.user} in {self.group}"

    def obey(self, line: str) -> str | None:
        """Do what a command says and return what to tell about it; None if the line is a message."""
        match line.split():
            case ["/help", *_]:
                return HELP
            case ["/as", user]:
                self.user = user
            case ["/in", group]:
                self.group = group
            case ["/private"]:
                self.group = None
            case ["/as", *_]:
                return "Say who: /as ID, one word."
            case ["/in", *_]:
                return "Say where: /in GROUP, one word."
            case ["/private", *_]:
                return "Say just /private."
            case _:
                return None
        return f"You are {self.place}."
