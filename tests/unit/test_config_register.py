"""Registering, reading and setting keys, in a module and outside of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import Config, ConfigError, cfg
from core.context import Module, entered
from models.exc import UsageError


@pytest.fixture
def config() -> Config:
    return Config()


def test_a_key_outside_a_module_is_named_from_the_root(config):
    assert config.register("aha.store.max_mb", 64, "How much.") == 64
    assert config.aha.store.max_mb == config.get("aha.store.max_mb") == 64


def test_a_key_of_a_module_is_below_the_modules_name(config):
    with entered(Module("hello")):
        config.register("greeting", "hi")
        assert config.greeting == config.get("greeting") == "hi"
    assert config.modules.hello.greeting == "hi"
    assert config.get("greeting") is None


def test_a_module_reads_its_own_key_before_one_of_the_root(config):
    with entered(Module("hello")):
        assert config.log.level == "info"
        config.register("log", default=True)
        assert config.log is True
        assert config.aha.debug is False
    assert config.log.level == "info"


def test_modules_do_not_meet(config):
    for name in ("a", "b"):
        with entered(Module(name)):
            config.register("word", name)
    assert (config.modules.a.word, config.modules.b.word) == ("a", "b")


def test_a_dropped_module_leaves_no_key_and_may_register_it_anew(config):
    config.load(values={"modules": {"hello": {"greeting": "hallo"}}}, environ={})
    for default in ("hi", "hey"):
        module = Module("hello")
        with entered(module):
            assert config.register("greeting", default) == "hallo"
        module.drop()
        assert "greeting" not in config.modules.hello
        assert "greeting" not in config.template()


def test_keys_that_are_put_back_have_the_values_that_they_would_have_had(config):
    config.load(values={"modules": {"hello": {"greeting": "hallo"}}}, environ={})
    module = Module("hello")
    with entered(module):
        config.register("greeting", "hi", "what it says")
        config.register("times", 1)
    before = config.template()
    taken = module.take_back()
    assert config.modules.hello == {}
    with entered(module):
        config.register("times", ["another", "kind"])
    module.take_back().end()
    config.set("modules.hello.times", 3)
    taken.put_back()
    assert (config.modules.hello.greeting, config.modules.hello.times) == ("hallo", 3)
    assert config.template() == before


def test_keys_of_a_file_that_stays_stay(config):
    module = Module("hello")
    with entered(module), module.keeping(kept=True):
        config.register("greeting", "hi")
    with entered(module):
        config.register("other", 1)
    module.take_back().end()
    assert dict(config.modules.hello) == {"greeting": "hi"}


def test_an_unloaded_module_registers_no_key(config):
    module = Module("hello")
    module.drop()
    with entered(module), pytest.raises(UsageError, match="hello was unloaded"):
        config.register("greeting", "hi")
    assert "greeting" not in config.template()


def test_a_registration_again_replaces_the_one_before(config):
    config.register("x", 1)
    assert config.register("x", "a") == "a"


def test_a_default_is_copied(config):
    default = {"words": ["a"]}
    config.register("x", default).clear()
    default["words"].append("b")
    assert config.template().endswith("x:\n  words: [a]\n")


WRONG = {
    "empty": ("", 1, "a key cannot be called modules.m.: take another name"),
    "empty part": ("a..b", 1, "a key cannot be called modules.m.a..b: take another name"),
    "the framework's section": ("aha.x", 1, "a key cannot be called modules.m.aha.x: take another name"),
    "the owner's key": ("group_list", [], "a key cannot be called modules.m.group_list: take another name"),
    "below a key": ("key.x", 1, "modules.m.key.x cannot be a key: a part of the name is one already"),
    "above a key": ("section", 1, "modules.m.section cannot be a key: it is a section with keys"),
}


def test_the_framework_may_name_a_key_of_a_module(config):
    assert config.register("modules.m.x", 1) == config.modules.m.x == 1


@pytest.mark.parametrize(("key", "default", "message"), WRONG.values(), ids=WRONG)
def test_a_name_that_cannot_be_is_refused(config, key, default, message):
    with entered(Module("m")):
        config.register("key", {"a": 1})
        config.register("section.key", 1)
        with pytest.raises(UsageError) as caught:
            config.register(key, default)
    assert str(caught.value) == message


def test_a_name_that_is_no_key_says_so(config):
    with pytest.raises(AttributeError, match=r'the configuration has no key "nothing"; cfg.register makes one'):
        _ = config.nothing
    with pytest.raises(AttributeError, match=r'no key "nothing" here; there are: level, file'):
        _ = config.log.nothing
    assert config.get("nothing", 5) == config.get("log.nothing", 5) == 5


@pytest.mark.parametrize("target", [lambda c: c, lambda c: c.aha], ids=["root", "section"])
def test_values_are_not_assigned(config, target):
    with pytest.raises(AttributeError):
        target(config).debug = True


SETS = {
    "key": ("aha.debug", True, "aha.debug", True),
    "as in a file": ("aha.super", "QQ:1", "aha.super", {"QQ:1"}),
    "as in Python": ("aha.super", {"QQ:1"}, "aha.super", {"QQ:1"}),
    "short form": ("aha.limit", 3, "aha.limit", {"messages": 3, "seconds": 60.0}),
    "section": ("aha", {"debug": True, "limit": {"seconds": 5}}, "aha.limit.seconds", 5.0),
    "unknown key": ("other.key", [1], "other.key", [1]),
    "unknown section": ("cache", {"a": {"b": 1}}, "cache.a.b", 1),
    "module's list": ("modules.m.group_list", ["QQ:1"], "modules.m.group_list", {"QQ:1"}),
}


@pytest.mark.parametrize(("key", "value", "asked", "result"), SETS.values(), ids=SETS)
def test_what_is_set_is_read_in_the_keys_type(config, key, value, asked, result):
    config.set(key, value)
    assert config.get(asked) == result
    assert type(config.get(asked)) is not set


BAD_SETS = {
    "value": ("aha.debug", "maybe", ConfigError, 'aha.debug: expected true or false, found "maybe"'),
    "inner value": (
        "aha.super",
        ["x"],
        ConfigError,
        'aha.super[0]: expected accounts such as "QQ:12345" or Aha IDs, found "x"',
    ),
    "section": ("aha", 5, UsageError, "aha is a section: set one of its keys"),
    "part of a value": ("part.of", 5, UsageError, "part.of is a part of a value: set the whole value"),
    "object": ("other", [object()], ConfigError, "other: expected a value that YAML can hold, found a object"),
}


@pytest.mark.parametrize(("key", "value", "error", "message"), BAD_SETS.values(), ids=BAD_SETS)
def test_what_cannot_be_set_is_refused_and_changes_nothing(config, key, value, error, message):
    config.register("part", {"of": 1})
    before = repr(config.get(key))
    with pytest.raises(error) as caught:
        config.set(key, value)
    assert (str(caught.value), repr(config.get(key))) == (message, before)


def test_a_set_goes_before_the_environment(config):
    config.load(environ={"AHA_DEBUG": "true"})
    config.set("aha.debug", value=False)
    assert config.aha.debug is False
    assert config.register("aha.debug", default=False) is False


def test_a_module_sets_its_own_key(config):
    with entered(Module("m")):
        config.register("greeting", "hi")
        config.set("greeting", "ho")
        config.set("new", 1)
    assert config.modules.m == {"greeting": "ho", "new": 1}


def test_a_key_that_was_set_before_it_is_registered_has_that_value(config):
    config.set("modules", {"m": {"greeting": "ho"}})
    with entered(Module("m")):
        assert config.register("greeting", "hi") == "ho"


def test_a_reset_forgets_everything_but_the_frameworks_keys(config):
    config.register("aha.more", 1)
    config.load(values={"aha": {"debug": True, "more": 2}, "modules": {"m": {"x": 2}}}, environ={"AHA_LANG": "zh"})
    module = Module("m")
    with entered(module):
        config.register("x", 1)
    config.set("aha.private", value=False)
    config.reset()
    module.drop()
    assert (config.aha.debug, config.aha.lang, config.aha.private, config.aha.more) == (False, "en", True, 1)
    assert config.modules == {}


def test_there_is_one_configuration_for_the_bot():
    assert isinstance(cfg, Config)
    assert cfg.aha.data_dir == Path("data")


LISTS = {
    "unconfigured": ({}, "m", (frozenset(), None)),
    "blacklist": ({"aha": {"default_{}_list": "QQ:1"}}, "m", ({"QQ:1"}, None)),
    "whitelist": (
        {"aha": {"default_{}_list": "QQ:1", "default_{}_list_mode": "whitelist"}},
        "m",
        (frozenset(), {"QQ:1"}),
    ),
    "empty whitelist": ({"aha": {"default_{}_list_mode": "whitelist"}}, None, (frozenset(), frozenset())),
    "module's list": ({"aha": {"default_{}_list": "QQ:1"}, "modules": {"m": {"{}_list": 7}}}, "m", ({7}, None)),
    "module's mode": (
        {"aha": {"default_{}_list": "QQ:1"}, "modules": {"m": {"{}_list_mode": "whitelist"}}},
        "m",
        (frozenset(), {"QQ:1"}),
    ),
    "another module's": ({"aha": {"default_{}_list": "QQ:1"}, "modules": {"m": {"{}_list": 7}}}, "n", ({"QQ:1"}, None)),
    "empty module": ({"modules": {"m": None}}, "m", (frozenset(), None)),
}


@pytest.mark.parametrize("who", ["group", "user"])
@pytest.mark.parametrize(("values", "module", "result"), LISTS.values(), ids=LISTS)
def test_the_default_list_holds_unless_a_module_has_its_own(config, who, values, module, result):
    filled = {name: section and _filled(section, who) for name, section in values.items()}
    config.load(values=filled, environ={})
    black, white = getattr(config, f"get_{who}_blacklist"), getattr(config, f"get_{who}_whitelist")
    assert (black(module), white(module)) == result
    with entered(Module(module) if module else None):
        assert (black(), white()) == result


def _filled(section, who):
    return {k.format(who): _filled(v, who) if isinstance(v, dict) else v for k, v in section.items()}
