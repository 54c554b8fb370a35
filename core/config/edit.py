"""Put values into the text of a YAML file and leave every other character as it is. It opens no file.

A round trip through a YAML library loses spacing, line ends and the place of comments; the positions of the parsed
nodes do not. The result is parsed again, and refused if it says anything but what it should.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml.nodes import CollectionNode, MappingNode, Node

from core.config.checks import copied
from core.config.document import Document, child, compose, parse
from core.config.emit import block, flow
from core.config.tree import put
from models.exc import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.config.emit import Entry, Tree

Change = tuple[int, int, str]  # from, to (offsets in the text), the new text


def insert(document: Document, entries: Iterable[Entry]) -> str:
    """Return the document's text with `entries` in it. Raises ConfigError if they cannot be written there."""
    entries = list(entries)
    expected: dict[str, Any] = copied(document.data)
    tree: Tree = {}
    for entry in entries:
        put(expected, entry.path, entry.value)
        put(tree, entry.path, entry)
    path = document.path or Path("config.yml")
    eol = "\r\n" if "\r\n" in document.text else "\n"
    text = document.text + eol if document.text and not document.text.endswith("\n") else document.text
    # The root is parsed anew because reading the values has resolved merge keys (<<) in the document's own nodes.
    text = _applied(text, _changes(text, compose(text), tree), eol)
    if not _says(text, path, expected):
        names = ", ".join(".".join(entry.path) for entry in entries)
        raise ConfigError(f"{path}: no place was found to write {names}: write it there by hand")
    return text


def _says(text: str, path: Path, expected: dict[str, Any]) -> bool:
    try:
        return _same(parse(text, path).data, expected)
    except ConfigError:
        return False


def _same(read: Any, expected: Any) -> bool:
    """Compare values with their types: 1 is not true, and .nan is .nan."""
    if isinstance(read, dict) and isinstance(expected, dict):
        return read.keys() == expected.keys() and all(_same(read[key], expected[key]) for key in read)
    if isinstance(read, list) and isinstance(expected, list):
        return len(read) == len(expected) and all(map(_same, read, expected))
    return isinstance(expected, type(read)) and (read == expected or repr(read) == repr(expected) == "nan")


def _applied(text: str, changes: Iterable[Change], eol: str) -> str:
    result, position = [], 0
    for start, end, new in sorted(changes, key=lambda change: change[0]):
        result += [text[position:start], new.replace("\n", eol)]
        position = end
    return "".join([*result, text[position:]])


def _changes(text: str, node: MappingNode | None, tree: Tree) -> Iterator[Change]:
    """Decide what to change in a mapping; what stands further in comes first."""
    new: Tree = {}
    for name, sub in tree.items():
        found = child(node, name)
        if node is None or found is None:
            new[name] = sub
        elif isinstance(sub, dict) and isinstance(found[1], MappingNode) and found[1].value:
            yield from _changes(text, found[1], sub)
        elif isinstance(sub, dict) and not node.flow_style:
            yield from _filled(text, *found, sub)
        else:
            yield _replaced(text, *found, flow(sub))
    if new:
        yield _added(text, node, new)


def _added(text: str, node: MappingNode | None, new: Tree) -> Change:
    """Add keys to a mapping: after its last one, in the mapping's own style."""
    if node is None:
        return len(text), len(text), block(new, 0) if text.strip() else block(new, 0).lstrip("\n")
    if not node.value:
        return node.start_mark.index, node.end_mark.index, flow(new)
    end = _end_of_last(text, node)
    if node.flow_style:
        return end, end, ", " + flow(new)[1:-1]
    column = node.value[0][0].start_mark.column
    position = _below(text, end, column)
    return position, position, block(new, column)


def _filled(text: str, key: Node, value: Node, new: Tree) -> Iterator[Change]:
    """Put a block below a key that has nothing yet, or {}."""
    colon = _colon(text, key)
    end = max(colon, _end(text, value))
    yield colon, end, ""
    below = text.index("\n", end) + 1
    yield below, below, block(new, key.start_mark.column + 2)


def _replaced(text: str, key: Node, value: Node, new: str) -> Change:
    """Write another value for a key; a comment between the two stays."""
    colon = _colon(text, key)
    end = max(colon, len(text[: _end(text, value)].rstrip("\r\n")))
    comment = text[colon : value.start_mark.index].strip() and end > colon
    return (value.start_mark.index, end, new) if comment else (colon, end, " " + new)


def _colon(text: str, key: Node) -> int:
    """Return where the colon after a key ends."""
    found = re.compile(r"\s*:").match(text, key.end_mark.index)
    return found.end() if found else int(key.end_mark.index)


def _end(text: str, node: Node) -> int:
    """Return where the text of a node ends, 0 if it has none.

    The marks of a block, and of an empty value, say where the next thing begins.
    """
    if isinstance(node, CollectionNode) and node.value and not node.flow_style:
        return _end_of_last(text, node)
    start, end = node.start_mark.index, node.end_mark.index
    return end if end > start else 0


def _end_of_last(text: str, node: CollectionNode) -> int:
    """Return where the last item of a list, or the last key and its value, ends; an alias stands before its key."""
    if isinstance(node, MappingNode):
        key, value = node.value[-1]
        return max(_colon(text, key), _end(text, value))
    return _end(text, node.value[-1])


def _below(text: str, end: int, column: int) -> int:
    """Return where the line after a block begins; comments indented like the block belong to it."""
    position = end if text[end - 1] == "\n" else text.index("\n", end) + 1
    comments = re.compile(rf"(?:[ \t]*\r?\n)*[ ]{{{column},}}#[^\n]*\n")
    while match := comments.match(text, position):
        position = match.end()
    return position
