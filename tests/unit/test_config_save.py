"""What saving the configuration writes, and what it leaves alone."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from core.config import Config, ConfigError, edit
from core.config.document import parse
from core.config.emit import Entry
from core.context import Module, entered

YML = Path("config.yml")


def insert(text: str, *entries: Entry) -> str:
    return edit.insert(parse(text, YML), entries)


NEW = {
    "empty file": ("", "log:\n  # Why.\n  new: 1\n"),
    "only comments": ("# mine\n", "# mine\n\nlog:\n  # Why.\n  new: 1\n"),
    "no last line end": ("a: 1", "a: 1\n\nlog:\n  # Why.\n  new: 1\n"),
    "section is there": ("log:\n  a: 1\nz: 1\n", "log:\n  a: 1\n  # Why.\n  new: 1\nz: 1\n"),
    "wide indentation": ("log:\n     a: 1\n", "log:\n     a: 1\n     # Why.\n     new: 1\n"),
    "section is empty": ("log: # mine\nz: 1\n", "log: # mine\n  # Why.\n  new: 1\nz: 1\n"),
    "section is null": ("log: ~\n", "log:\n  # Why.\n  new: 1\n"),
    "section is {}": ("log: {} # mine\n", "log: # mine\n  # Why.\n  new: 1\n"),
    "section in one line": ("log: {a: 1} # mine\n", "log: {a: 1, new: 1} # mine\n"),
    "section in braces": (
        "log: {\n  a: 1, # mine\n  b: 2 # too\n}\n",
        "log: {\n  a: 1, # mine\n  b: 2, new: 1 # too\n}\n",
    ),
    "all in braces": ('{"log": {}}\n', '{"log": {new: 1}}\n'),
    "comments of the section": (
        "log:\n  a: 1\n\n  # mine\n# of z\nz: 1\n",
        "log:\n  a: 1\n\n  # mine\n  # Why.\n  new: 1\n# of z\nz: 1\n",
    ),
    "list at the end": (
        "log:\n  a:\n  - 1\n  - 2 # two\nz: 1\n",
        "log:\n  a:\n  - 1\n  - 2 # two\n  # Why.\n  new: 1\nz: 1\n",
    ),
    "text block at the end": ("log:\n  a: |\n    x\n\nz: 1\n", "log:\n  a: |\n    x\n\n  # Why.\n  new: 1\nz: 1\n"),
    "text over lines at the end": ("log:\n  a: x\n    y\nz: 1\n", "log:\n  a: x\n    y\n  # Why.\n  new: 1\nz: 1\n"),
    "alias at the end": ("x: &x [1]\nlog:\n  a: *x\nz: 1\n", "x: &x [1]\nlog:\n  a: *x\n  # Why.\n  new: 1\nz: 1\n"),
    "merge key at the end": ("x: &x {a: 1}\nlog:\n  <<: *x\n", "x: &x {a: 1}\nlog:\n  <<: *x\n  # Why.\n  new: 1\n"),
    "carriage returns": ("log:\r\n  a: 1\r\nz: 1", "log:\r\n  a: 1\r\n  # Why.\r\n  new: 1\r\nz: 1\r\n"),
    "document marks": ("---\nlog:\n  a: 1\n...\n", "---\nlog:\n  a: 1\n  # Why.\n  new: 1\n...\n"),
    "quotes": ("'log' :\n  \"a\":   'x'\n", "'log' :\n  \"a\":   'x'\n  # Why.\n  new: 1\n"),
}


@pytest.mark.parametrize(("before", "after"), NEW.values(), ids=NEW)
def test_a_new_key_goes_below_the_last_of_its_section_and_nothing_else_moves(before, after):
    assert insert(before, Entry(("log", "new"), 1, "Why.")) == after


SET = {
    "number": ("a: 1 # mine\n", 2, "a: 2 # mine\n"),
    "spacing": ("a:    1\n", 2, "a: 2\n"),
    "quoted text": ("a: 'x' # mine\n", "it's", 'a: "it\'s" # mine\n'),
    "empty": ("a:\nb: 1\n", "x", "a: x\nb: 1\n"),
    "list": ("a:\n  - 1\n  - 2\nb: 1\n", [3], "a: [3]\nb: 1\n"),
    "list with a comment above": ("a: # mine\n  - 1\nb: 1\n", [3], "a: # mine\n  [3]\nb: 1\n"),
    "mapping": ("a:\n  x: 1\nb: 1\n", {"y": [1]}, 'a: {"y": [1]}\nb: 1\n'),
    "text block": ("a: |\n  x\nb: 1\n", "z", "a: z\nb: 1\n"),
    "mapping that ends with nothing": ("a:\n  x:\nb: 1\n", 2, "a: 2\nb: 1\n"),
    "in braces": ("{a: 1, b: [1]}\n", "x, y", '{a: "x, y", b: [1]}\n'),
}


@pytest.mark.parametrize(("before", "value", "after"), SET.values(), ids=SET)
def test_a_value_that_was_set_replaces_the_one_in_its_place(before, value, after):
    assert insert(before, Entry(("a",), value)) == after


REFUSED = {
    "an alias would change its original": ("a: &a\n  x: 1\nlog: *a\n", Entry(("log", "new"), 1)),
    "braces that end with nothing": ("log: {a: }\n", Entry(("log", "new"), 1)),
    "a list that ends with nothing": ("log:\n  - 1\n  -\n", Entry(("log",), 2)),
    "an alias would be cut from its original": ("a: &a [1]\nlog: *a\n", Entry(("a",), 2)),
}


@pytest.mark.parametrize(("before", "entry"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_leaves_no_place_is_refused(before, entry):
    with pytest.raises(ConfigError, match=r"config.yml: no place was found to write .*: write it there by hand"):
        insert(before, entry)


texts = st.text(max_size=12)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.dates()
    | st.datetimes().map(lambda time: time.replace(fold=0)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(texts, values, min_size=1, max_size=4))
def test_whatever_is_written_is_read_back(data):
    assert repr(parse(insert("", *(Entry((key,), value) for key, value in data.items())), YML).data) == repr(data)


names = st.sampled_from(["a", "b", "log", "it's", "on", "1"])
sections = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x", "two\nlines\n", "# no", "yes", "a: b"]),
    lambda inner: (
        st.lists(inner.filter(lambda item: item is not None), max_size=3)  # see "a list that ends with nothing"
        | st.dictionaries(names, inner, max_size=3)
    ),
    max_leaves=8,
)
files = st.dictionaries(names, sections, max_size=4)
paths = st.tuples(names) | st.tuples(names, names) | st.tuples(names, names, names)


def written(data: dict, flow: bool | None, offset: int, comments: bool) -> str:
    """Write `data` in one of the many ways in which an owner may."""
    yaml, stream = YAML(), io.StringIO()
    yaml.default_flow_style = flow
    yaml.indent(mapping=2 + offset, sequence=2 + offset, offset=offset)
    yaml.dump(data, stream)
    lines = stream.getvalue().splitlines()
    return "".join(f"{line}\n" for line in (["# mine", "", *lines, "", "# end"] if comments else lines))


def put(data: dict, path: tuple[str, ...], value: object) -> None:
    """Put `value` where it belongs in the model of the file."""
    for step in path[:-1]:
        data[step] = data[step] if isinstance(data.get(step), dict) else {}
        data = data[step]
    data[path[-1]] = value


@given(files, st.sampled_from([True, False, None]), st.integers(0, 3), st.booleans(), paths, sections)
def test_an_entry_changes_its_own_value_and_no_other(data, flow, offset, comments, path, value):
    before = written(data, flow, offset, comments)
    after = insert(before, Entry(path, value, "Why."))
    put(data, path, value)
    assert parse(after, YML).data == data
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#") and line != "# Why."
    ]


@given(files, st.integers(0, 3), st.booleans())
def test_a_new_key_leaves_every_line_of_the_file_as_it_is(data, offset, comments):
    data["log"] = {"a": 1}
    before = written(data, flow=False, offset=offset, comments=comments).splitlines()
    after = insert("\n".join(before), Entry(("log", "new"), 1, "Why.")).splitlines()
    added = after.index(" " * (2 + offset) + "# Why.")
    assert after[:added] + after[added + 2 :] == before


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "config.yml"


def loaded(path: Path) -> Config:
    config = Config()
    config.load(path, environ={})
    return config


def test_a_template_is_a_file_that_changes_nothing(path):
    loaded_defaults = Config()
    loaded_defaults.write_template(path)
    config = loaded(path)
    for key in ("aha", "bots", "log", "cache", "modules"):
        assert config.get(key) == loaded_defaults.get(key)
    assert config.save() is False


def test_a_template_says_what_each_key_means_and_holds_the_modules_keys():
    config = Config()
    with entered(Module("hello")):
        config.register("greeting", "hi", "What it says.\nIn one line.")
    template = config.template()
    assert "  # The language of the bot. One of: en, zh.\n  lang: en\n" in template
    assert template.endswith("modules:\n  hello:\n    # What it says.\n    # In one line.\n    greeting: hi\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.yml", "the file exists already; move it away or name another"),
        ("none/config.yml", "cannot be written: No such file or directory; see to that, or name another file"),
    ],
)
def test_a_template_is_only_written_to_a_new_file(path, name, message):
    path.write_text("mine: 1\n")
    target = path.parent / name
    with pytest.raises(ConfigError) as caught:
        Config().write_template(target)
    assert str(caught.value) == f"{target}: {message}"
    assert path.read_text() == "mine: 1\n"


def test_the_keys_that_a_file_lacks_are_written_with_comment_and_default(path):
    path.write_text("# mine\nmodules:\n  hello:\n    other: 1  # kept\n")
    config = loaded(path)
    with entered(Module("hello")):
        config.register("greeting", "hi", "What it says.")
    assert config.save() is True
    assert path.read_text().startswith(
        "# mine\nmodules:\n  hello:\n    other: 1  # kept\n    # What it says.\n    greeting: hi\n"
    )
    assert loaded(path).get("modules.hello") == {"other": 1, "greeting": "hi"}


def test_what_was_set_is_written_with_the_comment_of_its_key(path):
    path.write_text("aha:\n  debug: false # mine\n")
    config = loaded(path)
    config.set("aha.debug", value=True)
    config.set("aha.super", {"QQ:2", "QQ:1"})
    config.save()
    assert "  debug: true # mine\n" in path.read_text()
    assert '  # Who may do everything: ["QQ:12345"] or Aha IDs.\n  super: ["QQ:1", "QQ:2"]\n' in path.read_text()


SHORT = {
    "the main key": ("aha.database.url", "sqlite:///y", 'aha:\n  database: "sqlite:///y"\n'),
    "the section": ("aha.database", "sqlite:///y", 'aha:\n  database: "sqlite:///y"\n'),
    "another key": (
        "aha.database.synchronous",
        "normal",
        'aha:\n  database: {url: "sqlite:///x", synchronous: normal}\n',
    ),
}


@pytest.mark.parametrize(("key", "value", "start"), SHORT.values(), ids=SHORT)
def test_a_short_form_stays_as_short_as_it_can(path, key, value, start):
    path.write_text("aha:\n  database: sqlite:///x\n")
    config = loaded(path)
    config.save()
    assert path.read_text().startswith("aha:\n  database: sqlite:///x\n")
    config.set(key, value)
    config.save()
    assert path.read_text().startswith(start)
    assert loaded(path).get("aha.database") == config.aha.database


def test_a_save_without_changes_does_not_touch_the_file(path):
    path.write_text("aha: {debug: true}\n")
    config = loaded(path)
    assert config.save() is True
    before = path.stat()
    assert config.save() is False
    assert loaded(path).save() is False
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.parametrize(
    "prepare", [lambda c, p: None, lambda c, p: (p.touch(), c.load(p), p.unlink())], ids=["none", "gone"]
)
def test_a_save_never_creates_a_file(path, prepare):
    config = Config()
    prepare(config, path)
    config.set("aha.debug", value=True)
    assert config.save() is False
    assert list(path.parent.iterdir()) == []


def test_what_the_owner_wrote_meanwhile_stays(path):
    path.write_text("aha:\n  lang: en\n")
    config = loaded(path)
    path.write_text("aha:\n  lang: zh # now\n  private: false\n")
    config.set("aha.debug", value=True)
    config.save()
    again = loaded(path)
    assert (again.aha.lang, again.aha.private, again.aha.debug) == ("zh", False, True)
    assert "lang: zh # now\n" in path.read_text()


def test_a_save_keeps_mode_and_link(path):
    real = path.with_name("real.yml")
    real.write_text("aha:\n")
    real.chmod(0o640)
    path.symlink_to(real.name)
    assert loaded(path).save() is True
    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "debug: false" in real.read_text()


def test_a_save_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    def refuse(self, target):
        raise OSError(28, "No space left on device")

    path.write_text("aha:\n")
    config = loaded(path)
    config.set("aha.debug", value=True)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(
        ConfigError, match=r"config.yml: cannot be written: No space left on device; see to that, or name another file$"
    ):
        config.save()
    assert [file.name for file in path.parent.iterdir()] == ["config.yml"]
    assert path.read_text() == "aha:\n"
    monkeypatch.undo()
    assert config.save() is True
    assert loaded(path).aha.debug is True


def test_a_read_only_file_is_not_written(path):
    path.write_text("aha:\n")
    path.chmod(0o444)
    with pytest.raises(
        ConfigError, match=r"config.yml: cannot be written: it is read-only; see to that, or name another file$"
    ):
        loaded(path).save()
    assert path.read_text() == "aha:\n"
