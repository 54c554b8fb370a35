"""The kinds of message segments that hold nothing but values. Those that hold messages stand in `forward`."""

from __future__ import annotations

import base64
import json
import os
from typing import Any, ClassVar

from attrs import field, frozen

from models.content import as_optional_int, as_optional_text, as_text
from models.msg.segment import MsgSeg
from utils import aha_code


def _as_file(value: str | os.PathLike[str] | bytes | None) -> str | None:
    if isinstance(value, bytes):
        return "base64://" + base64.b64encode(value).decode()
    return None if value is None else os.fspath(value)


def _as_json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@frozen(kw_only=True)
class Text(MsgSeg):
    """Plain text. `str()` of it is the text itself, except that a literal `[Aha:` is written `&#91;Aha:`."""

    kind: ClassVar[str] = "text"
    text: str = field(converter=as_text)

    def __str__(self) -> str:
        return aha_code.escape_text(self.text)

    @classmethod
    def pattern(cls) -> str:
        """Return a regular expression for a run of text without codes, with the group `text`."""
        return r"(?P<text>(?:(?!\[Aha:)[\s\S])+)"


@frozen(kw_only=True)
class At(MsgSeg):
    """Mentions a user; `At.all()` mentions everyone, its `user_id` is "all". `name` is how the user is shown."""

    kind: ClassVar[str] = "at"
    user_id: str = field(converter=as_text)
    name: str | None = field(converter=as_optional_text, default=None)

    @classmethod
    def all(cls) -> At:
        """Mention everyone in the group."""
        return cls(user_id="all")


@frozen(kw_only=True)
class Reply(MsgSeg):
    """Quotes the message with this id."""

    kind: ClassVar[str] = "reply"
    id: str = field(converter=as_text)


@frozen(kw_only=True)
class Downloadable(MsgSeg):
    """Something with a file: `file` is a URL, a path or `base64://`; bytes and Path objects may be given too.

    `file_id` is the platform's handle for it, `thumb` the URL of a preview, `file_size` in bytes; each None if unknown.
    """

    file: str | None = field(converter=_as_file, default=None)
    name: str | None = field(converter=as_optional_text, default=None)
    file_id: str | None = field(converter=as_optional_text, default=None)
    thumb: str | None = field(converter=as_optional_text, default=None)
    file_type: str | None = field(converter=as_optional_text, default=None)
    file_size: int | None = field(converter=as_optional_int, default=None)


@frozen(kw_only=True)
class Image(Downloadable):
    """A picture."""

    kind: ClassVar[str] = "image"


@frozen(kw_only=True)
class Sticker(Downloadable):
    """A picture sent as an expression."""

    kind: ClassVar[str] = "sticker"


@frozen(kw_only=True)
class Record(Downloadable):
    """A voice message."""

    kind: ClassVar[str] = "record"


@frozen(kw_only=True)
class Video(Downloadable):
    """A video."""

    kind: ClassVar[str] = "video"


@frozen(kw_only=True)
class File(Downloadable):
    """Any other file."""

    kind: ClassVar[str] = "file"


@frozen(kw_only=True)
class Share(MsgSeg):
    """A link shown as a card; `image` is the URL of its picture."""

    kind: ClassVar[str] = "share"
    url: str = field(converter=as_text)
    title: str | None = field(converter=as_optional_text, default=None)
    content: str | None = field(converter=as_optional_text, default=None)
    image: str | None = field(converter=as_optional_text, default=None)


@frozen(kw_only=True)
class Contact(MsgSeg):
    """Recommends a user or a group: `type` says which, on QQ "qq" or "group"."""

    kind: ClassVar[str] = "contact"
    type: str = field(converter=as_text)
    id: str = field(converter=as_text)


@frozen(kw_only=True)
class Location(MsgSeg):
    """A place, in degrees."""

    kind: ClassVar[str] = "location"
    lat: float = field(converter=float)
    lon: float = field(converter=float)
    title: str | None = field(converter=as_optional_text, default=None)
    content: str | None = field(converter=as_optional_text, default=None)


@frozen(kw_only=True)
class Music(MsgSeg):
    """A song: of a service (`type="163", id="28949129"`), or `type="custom"` with its own page, sound and title."""

    kind: ClassVar[str] = "music"
    type: str = field(converter=as_text)
    id: str | None = field(converter=as_optional_text, default=None)
    url: str | None = field(converter=as_optional_text, default=None)
    audio: str | None = field(converter=as_optional_text, default=None)
    title: str | None = field(converter=as_optional_text, default=None)
    content: str | None = field(converter=as_optional_text, default=None)
    image: str | None = field(converter=as_optional_text, default=None)


@frozen(kw_only=True)
class Json(MsgSeg):
    """A card described in JSON; anything but text is turned into JSON."""

    kind: ClassVar[str] = "json"
    data: str = field(converter=_as_json)


@frozen(kw_only=True)
class Xml(MsgSeg):
    """A card described in XML."""

    kind: ClassVar[str] = "xml"
    data: str = field(converter=as_text)


@frozen(kw_only=True)
class Markdown(MsgSeg):
    """Text with Markdown."""

    kind: ClassVar[str] = "markdown"
    content: str = field(converter=as_text)
