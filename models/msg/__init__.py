"""Message segments and the chains they stand in: what a message says. How a platform sends it is its adapter's part."""

from models.msg.chain import MessageChain, MsgSeq, to_chain
from models.msg.code import parse_aha_code
from models.msg.forward import Forward, Node
from models.msg.kinds import (
    At,
    Contact,
    Downloadable,
    File,
    Image,
    Json,
    Location,
    Markdown,
    Music,
    Record,
    Reply,
    Share,
    Sticker,
    Text,
    Video,
    Xml,
)
from models.msg.segment import MsgSeg, Unknown, segment

__all__ = [
    "At",
    "Contact",
    "Downloadable",
    "File",
    "Forward",
    "Image",
    "Json",
    "Location",
    "Markdown",
    "MessageChain",
    "MsgSeg",
    "MsgSeq",
    "Music",
    "Node",
    "Record",
    "Reply",
    "Share",
    "Sticker",
    "Text",
    "Unknown",
    "Video",
    "Xml",
    "parse_aha_code",
    "segment",
    "to_chain",
]

# Modules store messages, and the path is part of what is stored: it is the documented one, wherever the code stands.
for _name in __all__:
    globals()[_name].__module__ = __name__
