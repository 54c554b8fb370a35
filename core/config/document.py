"""A YAML file as it was read: its values, and the line of each. It judges no value and writes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from core.config.checks import copied
from models.exc import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from core.config.checks import Step


# As Chinese input methods and web pages write them.
_FULL_WIDTH = re.compile(r"\s*(?:- +)?[\"']?[\w.-]+[\"']?：")
_ODD_SPACES = ("\u3000", "\xa0")
# What the library says, for those who do not know YAML.
_PLAINER = {
    "mapping values are not allowed here": (
        'a key where none can be; indent the keys of a section alike, and put text that has ": " in quotes'
    )
}


@dataclass(slots=True)
class Document:
    """The values of one YAML file, or of none: `path` and `root` are None when there is no file or it is empty."""

    path: Path | None = None
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    root: MappingNode | None = None

    def place(self, key: Iterable[Step]) -> str:
        """Return "FILE:LINE: " of the innermost part of `key` that is in the file, "" without a file."""
        if self.path is None:
            return ""
        line = 0
        node: Node | None = self.root
        for step in key:
            found = child(node, step)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return f"{self.path}:{line}: " if line else f"{self.path}: "

    def written(self, key: Iterable[Step]) -> str:
        """Return the value of `key` as it is written in the file, "" if it is not there."""
        node: Any = self.root
        for step in key:
            found = child(node, step)
            if found is None:
                return ""
            node = found[1]
        return self.text[node.start_mark.index : node.end_mark.index]


def child(node: Node | None, step: Step) -> tuple[Node, Node] | None:
    """Return the nodes of a key and its value, or an item twice; None if `node` has no such key or item."""
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, MappingNode):
        pairs = ((key, value) for key, value in node.value if isinstance(key, ScalarNode) and key.value == str(step))
        return next(pairs, None)
    return None


def read(path: Path) -> Document:
    """Read the YAML file at `path`. Raises ConfigError, one line, if that cannot be done."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; create it or leave out its name") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: this is a folder; name the file in it") from None
    except OSError as error:
        remedy = "see to that, or name another file"
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}; {remedy}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 (byte 0x{content[error.start]:02x}); save it as UTF-8") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Document:
    """Return the document that `text`, the content of the file `path`, is."""
    yaml = _yaml()
    try:
        root = yaml.compose(text)
        data = copied(yaml.constructor.construct_document(root)) if root is not None else None
    except YAMLError as error:
        line, problem = _explain(error, text)
        raise ConfigError(one_line(f"{path}:{line}: {problem}")) from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply, or a part that holds itself") from None
    except Exception as error:  # noqa: BLE001 - the library raises whatever comes for a value that its tag belies
        raise ConfigError(one_line(f"{path}: not valid YAML: {error}")) from None
    if data is None:
        return Document(path, text)
    if not isinstance(data, dict):
        line = root.start_mark.line + 1
        raise ConfigError(f'{path}:{line}: expected keys such as "aha:" at the start of the line, found something else')
    _refuse_odd_spaces(root, path)
    return Document(path, text, data, root)


def _refuse_odd_spaces(root: Node | None, path: Path) -> None:
    """Raise ConfigError if a key begins with a space that is a letter to YAML: it was meant to stand further in."""
    for key, _ in root.value if isinstance(root, MappingNode) else ():
        name = str(key.value)
        if name[:1] in _ODD_SPACES and not key.style:  # in quotes, it is meant
            raise ConfigError(
                f"{path}:{key.start_mark.line + 1}: a space before {name.strip()} that YAML does not take for one "
                f"(U+{ord(name[0]):04X}); write spaces of the usual kind"
            )


def compose(text: str) -> MappingNode | None:
    """Return the nodes of a text that `parse` takes, None if it is empty."""
    root = _yaml().compose(text)
    return root if isinstance(root, MappingNode) else None


def parse_value(text: str) -> Any:
    """Return the value that a short YAML text is. Raises ValueError if it is none."""
    try:
        return _yaml().load(text)
    except YAMLError as error:
        raise ValueError(_explain(error, text)[1]) from None
    except Exception as error:  # noqa: BLE001 - see parse
        raise ValueError(f"not valid YAML: {error}") from None


def one_line(text: str) -> str:
    """Return `text` with every run of spaces and line ends as one space."""
    return " ".join(text.split())


def _yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False  # an anchor may be given anew
    return yaml


def _explain(error: YAMLError, text: str) -> tuple[int, str]:
    """Return the line of a syntax error and what is wrong there."""
    if isinstance(error, ReaderError):
        return text.count("\n", 0, error.position) + 1, "not valid YAML: a character that YAML does not allow"
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return 1, "not valid YAML"
    line = error.problem_mark.line
    if isinstance(error, DuplicateKeyError):
        key = re.match(r'found duplicate key "(.*?)"', error.problem)
        return line + 1, f"the key {key[1] if key else ''} is here for the second time; keep one of the two"
    lines = text.split("\n")
    if line < len(lines) and re.match(r" *\t", lines[line]):
        return line + 1, "a tab in the indentation; use spaces"
    for number in (line, line - 1):  # what follows such a key is where YAML notices
        if 0 <= number < len(lines) and _FULL_WIDTH.match(lines[number]):
            return number + 1, "a full-width colon (：) after a key; write : and a space"
    return line + 1, _PLAINER.get(error.problem) or f"not valid YAML: {error.problem}"
