"""What is checked when a callback is registered, and what a registration leaves behind when it goes."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

import pytest

from core.context import Module, entered
from core.dispatcher import (
    dispatcher,
    help_items,
    on_cleanup,
    on_external,
    on_message,
    on_meta,
    on_notice,
    on_request,
    on_start,
)
from core.expr import PM, Pmsg, Psuper
from models.api import Message
from models.exc import UsageError
from models.msg import At, Image, Text

if TYPE_CHECKING:
    from models.msg import Video


@pytest.fixture(autouse=True)
def module():
    module = Module("demo")
    with entered(module):
        yield module
    module.drop()


def conditions(module):
    return [repr(each.condition) for each in module.callbacks]


async def nothing():
    """A callback that wants nothing."""


SHORTHANDS = {
    "str": (("Ping",), "PM.message.fullmatch(re.compile('Ping', re.IGNORECASE))"),
    "pattern": ((__import__("re").compile("a"),), "PM.message.fullmatch(re.compile('a'))"),
    "list": ((["set", Text],), "(PM.command == ('set', <class 'models.msg.Text'>))"),
    "tuple": ((("a",),), "(PM.command == ('a',))"),
    "type": ((Image,), "PM.message_chain.validateby(<class 'models.msg.Image'>)"),
    "union": ((Image | At,), "PM.message_chain.validateby(models.msg.Image | models.msg.At)"),
    "generic": ((list[Image],), "PM.message_chain.validateby(list[models.msg.Image])"),
    "expression": ((Pmsg == "a",), "(PM.message == 'a')"),
}


@pytest.mark.parametrize(("given", "expected"), SHORTHANDS.values(), ids=SHORTHANDS)
def test_a_short_form_stands_for_a_condition(module, given, expected):
    on_message(*given, callback=nothing)
    assert conditions(module) == [f"({expected})"]


def test_conditions_side_by_side_all_have_to_hold_and_none_is_ignored(module):
    on_message(Pmsg == "a", None, PM.isgroup, callback=nothing)
    assert conditions(module) == ["((PM.message == 'a') & PM.isgroup)"]


@pytest.mark.parametrize("decorator", [on_notice, on_request, on_meta], ids=lambda each: each.__name__)
def test_the_first_str_is_the_type_and_the_second_the_sub_type(module, decorator):
    decorator("a", PM.isgroup, "b", None, callback=nothing)
    assert conditions(module) == ["((PM.type_ == 'a') & PM.isgroup & (PM.sub_type == 'b'))"]


BAD_CONDITIONS = {
    "a number": lambda: on_message(5),
    "the function itself": lambda: on_message(nothing),
    "a dict": lambda: on_message({"a": 1}),
    "three types of a notice": lambda: on_notice("a", "b", "c"),
    "a type for a notice": lambda: on_notice(Image),
    "a key that is no str": lambda: on_external(5),
    "a pre-hook that is async": lambda: on_message("a", pre_hook=nothing, callback=nothing),
    "exp that is no number": lambda: on_message("a", exp="5", callback=nothing),
}


@pytest.mark.parametrize("wrong", BAD_CONDITIONS.values(), ids=BAD_CONDITIONS)
def test_what_is_no_condition_is_refused_at_once(wrong):
    with pytest.raises(UsageError):
        wrong()


def test_forgotten_parentheses_are_named():
    with pytest.raises(UsageError, match="parentheses"):

        @on_message
        async def callback():
            pass


# --- callbacks ------------------------------------------------------------------------------------------------------


def wants(module):
    return module.callbacks[-1].wants


class Callable:
    async def __call__(self, event):
        pass

    async def method(self, match_):
        pass


async def some(event, args):
    pass


async def everything(**given):
    pass


async def optional(event, other=1, *rest):
    pass


TAKEN = {
    "none": (nothing, set()),
    "some": (some, {"event", "args"}),
    "everything": (everything, {"event", "args", "match_", "localizer"}),
    "optional ones are left alone": (optional, {"event"}),
    "an object": (Callable(), {"event"}),
    "a method": (Callable().method, {"match_"}),
    "a partial": (functools.partial(some, args=1), {"event", "args"}),
}


@pytest.mark.parametrize(("callback", "names"), TAKEN.values(), ids=TAKEN)
def test_a_callback_gets_the_arguments_that_it_declares(module, callback, names):
    on_message("a", callback=callback)
    assert wants(module) == names


def test_a_callback_that_asks_for_something_else_is_refused_with_the_names_there_are():
    async def callback(event, matches):
        pass

    with pytest.raises(UsageError, match=r"callback.*'matches'.*args, event, localizer, match_"):
        on_message("a", callback=callback)


def test_a_callback_of_external_events_may_ask_for_data(module):
    async def callback(event, data, localizer):
        pass

    on_external("key", callback)
    assert wants(module) == {"event", "data", "localizer"}
    with pytest.raises(UsageError, match="data"):
        on_message("a", callback=callback)


def test_a_callback_without_async_is_refused():
    with pytest.raises(UsageError, match="async def"):
        on_message("a", callback=lambda event: None)


def test_positional_only_arguments_are_refused():
    async def callback(event, /):
        pass

    with pytest.raises(UsageError, match="by name"):
        on_message("a", callback=callback)


def test_decorators_return_the_function_and_may_be_stacked(module):
    async def callback(event):
        pass

    assert on_message("a")(on_message("b")(callback)) is callback
    assert on_message("c", callback=callback) is callback
    assert [each.callback for each in module.callbacks] == [callback] * 3


# --- the annotation of event ----------------------------------------------------------------------------------------


def test_the_content_that_the_annotation_asks_for_is_a_condition(module):
    @on_message(PM.isgroup)
    async def callback(event: Message[Image]):
        pass

    assert conditions(module)[0].endswith("& PM.message_chain.validateby(<class 'models.msg.Image'>))")


def test_a_condition_on_the_message_goes_before_the_annotation(module):
    @on_message("a")
    async def callback(event: Message[Image]):
        pass

    assert "validateby" not in conditions(module)[0]


@pytest.mark.parametrize("annotation", [Message, "Message", None, "Unknown", int])
def test_an_annotation_without_content_is_no_condition(module, annotation):
    async def callback(event):
        pass

    callback.__annotations__["event"] = annotation
    on_message(callback=callback)
    assert conditions(module) == ["()"]


def test_an_annotation_that_is_only_known_to_type_checkers_is_refused():
    async def callback(event: Message[Video]):
        pass

    with pytest.raises(UsageError, match="TYPE_CHECKING"):
        on_message(callback=callback)


def test_the_annotations_of_other_parameters_need_not_be_known(module):
    async def callback(event: Message[Image], args: Video):
        pass

    on_message(callback=callback)
    assert "validateby" in conditions(module)[0]


# --- the module's record --------------------------------------------------------------------------------------------


def test_all_that_a_module_registered_goes_with_it(module):
    before = len(help_items)
    on_message("a", callback=nothing, register_help={"a": "does a"})
    on_notice("a", callback=nothing)
    on_external("key", nothing)
    on_start(lambda: None)
    module.drop()
    assert module.callbacks == []
    assert len(help_items) == before
    assert all(module not in hooks._by_module for hooks in (dispatcher.on_start, dispatcher.on_cleanup))


def test_one_shots_that_are_over_leave_nothing_in_the_record(module):
    for _ in range(100):
        on_message("a", exp=60, callback=nothing)
        dispatcher.registry.remove(module.callbacks[-1])
    assert module.callbacks == []
    assert not module._entries


def test_help_says_what_a_command_does_and_who_may_use_it():
    on_message("menu", Psuper, PM.prefix, callback=nothing, register_help={"menu": "shows this", "m": None})
    command, condition, description = help_items[-2]
    assert (command, repr(condition), description) == ("menu", "(PM.super)", "shows this")
    assert help_items[-1].description is None


def test_help_of_one_callback_goes_without_that_of_another(module):
    on_message("a", callback=nothing, register_help={"same": "one"})
    on_message("a", callback=nothing, register_help={"same": "two"})
    dispatcher.registry.remove(module.callbacks[0])
    assert [item.description for item in help_items if item.command == "same"] == ["two"]


# --- start and end --------------------------------------------------------------------------------------------------


async def test_hooks_run_in_order_in_their_module(module):
    from core.context import current_module

    ran = []

    @on_start
    def first():
        ran.append(("first", current_module.get()))

    @on_start()
    async def second():
        ran.append(("second", current_module.get()))

    on_start(functools.partial(ran.append, "third"))
    with entered(None):
        await dispatcher.run_start(module)
    assert ran == [("first", module), ("second", module), "third"]


async def test_the_first_error_at_the_start_is_raised(module):
    ran = []

    @on_start
    async def fails():
        raise OSError("no")

    on_start(functools.partial(ran.append, 1))
    with pytest.raises(OSError, match="no"):
        await dispatcher.run_start(module)
    assert ran == []


async def test_errors_at_the_end_are_logged_and_the_rest_runs(module, caplog):
    ran = []

    @on_cleanup
    async def fails():
        raise OSError("no")

    on_cleanup(functools.partial(ran.append, 1))
    await dispatcher.run_cleanup(module)
    assert ran == [1]
    assert "fails" in caplog.text
    assert "demo" in caplog.text


async def test_a_clean_up_that_awaits_the_task_it_has_cancelled_keeps_the_rest_from_nothing(module, caplog):
    ran = []
    task = asyncio.create_task(asyncio.sleep(60))

    @on_cleanup
    async def ends_task():
        task.cancel()
        await task

    on_cleanup(functools.partial(ran.append, 1))
    await dispatcher.run_cleanup(module)
    assert ran == [1]
    assert "ends_task" in caplog.text


async def test_a_clean_up_that_is_cancelled_ends(module):
    ran, begun = [], asyncio.Event()

    @on_cleanup
    async def waits():
        begun.set()
        await asyncio.Event().wait()

    on_cleanup(functools.partial(ran.append, 1))
    cleaning = asyncio.create_task(dispatcher.run_cleanup(module))
    await begun.wait()
    cleaning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cleaning
    assert ran == []


async def test_other_modules_hooks_do_not_run(module):
    ran = []
    on_start(functools.partial(ran.append, 1))
    await dispatcher.run_start(Module("other"))
    await dispatcher.run_start(None)
    assert ran == []


@pytest.mark.parametrize("wrong", [lambda event: None, "text", some])
def test_a_hook_that_needs_arguments_is_refused(wrong):
    with pytest.raises(UsageError, match="on_start"):
        on_start(wrong)
