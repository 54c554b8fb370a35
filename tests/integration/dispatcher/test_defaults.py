"""What the owner configured for all callbacks: lists, private chats, the rate limit; and who goes without."""

from __future__ import annotations

import pytest

from core.config import cfg
from core.context import Module, current_module, entered
from core.database import close_database, open_database
from core.dispatcher import dispatcher, on_message, on_meta, on_notice, on_request
from core.expr import Pisprivate, Plimit, Puid, Puser, fetch
from core.identity import user2aha_id
from core.migration.start import expand
from models.api import MetaEvent, Notice, Request
from tests.integration.dispatcher.messages import say

pytestmark = pytest.mark.usefixtures("module")


DENIED = {"default_user_list": ["QQ:5"]}
ALLOWED = {"default_user_list": ["QQ:6"], "default_user_list_mode": "whitelist"}
GROUP_DENIED = {"default_group_list": ["QQ:7"]}
GROUP_ALLOWED = {"default_group_list": ["QQ:8"], "default_group_list_mode": "whitelist"}
# what is configured, where it is said, whether user 5 is answered
DEFAULTS = {
    "nothing configured": ({}, None, True),
    "user denied": (DENIED, None, False),
    "user not allowed": (ALLOWED, None, False),
    "another user denied": ({"default_user_list": ["QQ:6"]}, None, True),
    "user allowed": ({**ALLOWED, "default_user_list": ["QQ:5"]}, None, True),
    "user on another platform denied": ({"default_user_list": ["WX:5"]}, None, True),
    "user denied by Aha ID": ({"default_user_list": [50]}, None, False),
    "user allowed by Aha ID": ({**ALLOWED, "default_user_list": [50]}, None, True),
    "group denied": (GROUP_DENIED, "7", False),
    "group not allowed": (GROUP_ALLOWED, "7", False),
    "group denied by Aha ID": ({"default_group_list": [70]}, "7", False),
    "groups do not matter in private": (GROUP_ALLOWED, None, True),
    "private not allowed": ({"private": False}, None, False),
    "private not allowed, in a group": ({"private": False}, "7", True),
}


@pytest.fixture
def aha_ids(monkeypatch):
    async def aha_id(platform, id_):
        return int(id_) * 10

    monkeypatch.setattr(fetch, "user2aha_id", aha_id)
    monkeypatch.setattr(fetch, "group2aha_id", aha_id)


@pytest.mark.parametrize(("aha", "group", "answered"), DEFAULTS.values(), ids=DEFAULTS)
async def test_the_owner_says_who_is_answered(calls, aha_ids, aha, group, answered):
    cfg.load(values={"aha": aha}, environ={})

    @on_message("ping")
    async def callback():
        calls.append(1)

    await say(group_id=group)
    assert calls == [1] * answered


@pytest.mark.parametrize(
    ("aha", "mention"),
    [
        (DENIED, Puser != None),  # noqa: E711
        (ALLOWED, Puid == 50),
        ({"private": False}, Pisprivate),
        ({"limit": 1}, Plimit.in_([True, False])),
    ],
    ids=["user", "uid", "isprivate", "limit"],
)
async def test_a_callback_that_mentions_the_field_decides_for_itself(calls, aha_ids, aha, mention):
    cfg.load(values={"aha": aha}, environ={})

    @on_message("ping", mention)
    async def callback():
        calls.append(1)

    await say()
    await say()
    assert calls == [1, 1]


async def test_a_module_may_have_lists_of_its_own(calls, module):
    cfg.load(values={"modules": {"demo": {"user_list": ["QQ:5"]}}}, environ={})

    async def callback():
        calls.append(current_module.get().name)

    on_message("ping", callback=callback)
    other = Module("other")
    with entered(other):
        on_message("ping", callback=callback)
    await say()
    other.drop()
    assert calls == ["other"]


async def test_what_the_owner_changes_counts_at_once(calls):
    @on_message("ping")
    async def callback():
        calls.append(1)

    await say()
    cfg.set("aha.default_user_list", ["QQ:5"])
    await say()
    assert calls == [1]


async def test_a_user_is_answered_so_often(calls):
    cfg.load(values={"aha": {"limit": {"messages": 2, "seconds": 60.0}}}, environ={})

    @on_message("ping")
    @on_message("ping")
    async def callback(event):
        calls.append(event.user_id)

    for user in "55566":
        await say(user_id=user)
        await say("not for a callback", user_id=user)
    assert calls == ["5"] * 4 + ["6"] * 4


async def test_an_aha_id_that_cannot_be_had_denies(calls, monkeypatch, caplog):
    async def fails(*_):
        raise OSError

    monkeypatch.setattr(fetch, "user2aha_id", fails)
    cfg.load(values={"aha": {"default_user_list": [1]}}, environ={})

    @on_message("ping")
    async def guarded():
        calls.append("guarded")

    @on_message("ping", Puser != None)  # noqa: E711
    async def free():
        calls.append("free")

    await say()
    assert calls == ["free"]


async def test_no_default_conditions_for_meta_events(calls):
    cfg.load(values={"aha": {"private": False, **ALLOWED}}, environ={})

    @on_meta()
    async def callback():
        calls.append(1)

    await dispatcher.feed(MetaEvent())
    assert calls == [1]


async def test_lists_count_for_notices_and_requests_and_private_does_not(calls):
    cfg.load(values={"aha": {"private": False, **DENIED}}, environ={})

    @on_notice()
    @on_request()
    async def callback(event):
        calls.append(event.user_id)

    for kind in (Notice, Request):
        await dispatcher.feed(kind(platform="QQ", user_id="5"))
        await dispatcher.feed(kind(platform="QQ", user_id="6"))
    assert calls == ["6", "6"]


async def test_a_condition_on_the_aha_id_asks_the_database(calls, sqlite_url):
    await open_database(sqlite_url)
    await expand([])

    @on_message(Puid == await user2aha_id("QQ", "5"))
    async def callback(event):
        calls.append(event.user_id)

    await say(user_id="5")
    await say(user_id="6")
    await close_database()
    assert calls == ["5"]
