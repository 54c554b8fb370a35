"""Messages in OneBot's form and in Aha's, both ways. Events around them are not its business, nor is sending."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from bots.onebot.cqcode import parse_cq
from models.msg import (
    At,
    Contact,
    Downloadable,
    File,
    Forward,
    Image,
    Json,
    Location,
    Markdown,
    MessageChain,
    MsgSeg,
    Music,
    Node,
    Record,
    Reply,
    Share,
    Sticker,
    Text,
    Unknown,
    Video,
    Xml,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Wire = dict[str, Any]

# --- from OneBot --------------------------------------------------------------------------------------------------


def read_message(message: Any) -> MessageChain:
    """Read a message given as an array, as one segment or as a string with CQ codes.

    A segment of unknown type or with odd values becomes an Unknown that keeps it; what is no segment at all is left
    out. Nothing is raised.
    """
    if isinstance(message, str):
        message = parse_cq(message)
    elif isinstance(message, dict):
        message = [message]
    elif not isinstance(message, list):
        return MessageChain()
    return MessageChain([_read(segment) for segment in message if isinstance(segment, dict)])


def _read(segment: Wire) -> MsgSeg:
    kind, data = segment.get("type"), segment.get("data")
    if not isinstance(data, dict):
        data = {}
    try:
        return _READERS[kind](data)  # type: ignore[index]
    except (KeyError, TypeError, ValueError, OverflowError):
        return Unknown(type=kind, data=data)


def _reader(cls: type[MsgSeg], *names: str, **renamed: str) -> Callable[[Wire], MsgSeg]:
    """Return a reader of a segment whose values stand under `names`, or under another name there than here."""
    pairs = [(name, name) for name in names] + list(renamed.items())
    return lambda data: cls(**{here: data[there] for here, there in pairs if data.get(there) is not None})


def _file_reader(cls: type[Downloadable]) -> Callable[[Wire], MsgSeg]:
    """Return a reader of a segment with a file. Nothing in it can be taken for a path, here or at the platform."""

    def read(data: Wire) -> MsgSeg:
        url, file = data.get("url"), _base_name(data.get("file"))
        on_the_net = isinstance(url, str) and url.startswith(("http://", "https://"))
        return cls(
            file=url if on_the_net else file,
            name=_base_name(data.get("name")) or (file if on_the_net else None),
            file_id=data.get("file_id") or file,
            thumb=data.get("thumb"),
            file_type=data.get("type"),
            file_size=data.get("file_size"),
        )

    return read


def _base_name(file: Any) -> str | None:
    """Return a file name without folders, or a URL on the net or in itself; None for anything else."""
    if not isinstance(file, str) or file.startswith(("http://", "https://", "base64://")):
        return file or None if isinstance(file, str) else None
    name = re.split(r"[/\\]", file)[-1]
    return name if name.strip(". ") else None


def _read_image(data: Wire) -> MsgSeg:
    return _read_sticker(data) if data.get("file") == "marketface" or "emoji_id" in data else _READ_IMAGE(data)


def _read_sticker(data: Wire) -> MsgSeg:
    return Sticker(file=data["url"], name=data.get("summary"), file_id=data.get("emoji_id"))


def _read_node(data: Wire) -> Node:
    return Node(
        user_id=data.get("user_id", data.get("uin")),
        nickname=data.get("nickname", data.get("name")),
        content=read_message(data.get("content")),
        id=data.get("id"),
    )


def read_nodes(items: Any) -> MessageChain[Node]:
    """Read the messages of a forwarded record: node segments, or messages as they stand in events."""
    return MessageChain(
        [_read_entry(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else ()
    )


def _read_entry(item: Wire) -> Node:
    data = item.get("data")
    if item.get("type") == "node" and isinstance(data, dict):
        return _read_node(data)
    sender = item.get("sender")
    nickname = sender.get("nickname") if isinstance(sender, dict) else None
    message = item.get("message", item.get("content"))
    return Node(user_id=item.get("user_id"), nickname=nickname, content=read_message(message))


_READ_IMAGE = _file_reader(Image)
_READERS: dict[str, Callable[[Wire], MsgSeg]] = {
    "text": lambda data: Text(text=data["text"]),
    "at": _reader(At, "name", user_id="qq"),
    "reply": _reader(Reply, "id"),
    "image": _read_image,
    "mface": _read_sticker,
    "record": _file_reader(Record),
    "video": _file_reader(Video),
    "file": _file_reader(File),
    "share": _reader(Share, "url", "title", "content", "image"),
    "contact": _reader(Contact, "type", "id"),
    "location": _reader(Location, "lat", "lon", "title", "content"),
    "music": _reader(Music, "type", "id", "url", "audio", "title", "content", "image"),
    "json": _reader(Json, "data"),
    "xml": _reader(Xml, "data"),
    "markdown": _reader(Markdown, "content"),
    "forward": lambda data: Forward(id=data.get("id"), content=read_nodes(data.get("content"))),
    "node": _read_node,
}

# --- to OneBot ----------------------------------------------------------------------------------------------------


def write_message(message: Iterable[MsgSeg]) -> list[Wire]:
    """Write a message as an array of segments: text goes out as text, whatever it looks like."""
    return [wire for segment in message for wire in _write(segment)]


def _write(segment: MsgSeg) -> list[Wire]:
    if isinstance(segment, Unknown):
        return [{"type": segment.type, "data": segment.data}]
    if isinstance(segment, Forward) and segment.content:
        return write_message(segment.content)
    kind, write = _WRITERS[type(segment)]
    return [{"type": kind, "data": {name: value for name, value in write(segment).items() if value is not None}}]


def _writer(**names: str) -> Callable[[Any], Wire]:
    """Return a writer of a segment, given under which name each value stands there and here."""
    return lambda segment: {there: getattr(segment, here) for there, here in names.items()}


def _write_file(segment: Downloadable) -> Wire:
    file = segment.file or segment.file_id
    if file is not None and PurePath(file).is_absolute():
        file = PurePath(file).as_uri()
    return {"file": file, "name": segment.name, "thumb": segment.thumb, "type": segment.file_type}


def _write_location(segment: Location) -> Wire:
    return {"lat": str(segment.lat), "lon": str(segment.lon), "title": segment.title, "content": segment.content}


def _write_node(segment: Node) -> Wire:
    if segment.id is not None:
        return {"id": segment.id}
    return {"user_id": segment.user_id, "nickname": segment.nickname, "content": write_message(segment.content)}


_MUSIC = ("type", "id", "url", "audio", "title", "content", "image")
_WRITERS: dict[type[MsgSeg], tuple[str, Callable[[Any], Wire]]] = {
    Text: ("text", lambda segment: {"text": segment.text}),
    At: ("at", _writer(qq="user_id", name="name")),
    Reply: ("reply", _writer(id="id")),
    Image: ("image", _write_file),
    Sticker: ("image", lambda segment: {**_write_file(segment), "sub_type": 1}),
    Record: ("record", _write_file),
    Video: ("video", _write_file),
    File: ("file", _write_file),
    Share: ("share", _writer(url="url", title="title", content="content", image="image")),
    Contact: ("contact", _writer(type="type", id="id")),
    Location: ("location", _write_location),
    Music: ("music", _writer(**{name: name for name in _MUSIC})),
    Json: ("json", _writer(data="data")),
    Xml: ("xml", _writer(data="data")),
    Markdown: ("markdown", _writer(content="content")),
    Forward: ("forward", _writer(id="id")),
    Node: ("node", _write_node),
}
