"""Who speaks at the console and where, and the commands that change it. It reads and shows nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

HELP = """\
/as ID      speak as user ID
/in GROUP   speak in group GROUP
/private    speak to the bot alone
/help       show this
Any other line is a message to the bot, also one that goes on after these."""


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
        """Do what a command says and return what to tell about it; None if the line is a message.

        A line that only begins like a command is one of the bot's: modules have commands such as `/help me`, too.
        """
        match line.split():
            case ["/help"]:
                return HELP
            case ["/as", user]:
                self.user = user
            case ["/in", group]:
                self.group = group
            case ["/private"]:
                self.group = None
            case _:
                return None
        return f"You are {self.place}."
