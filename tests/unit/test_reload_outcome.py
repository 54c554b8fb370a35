"""How a reload went, for people and for programs."""

import json

import pytest

from aha.reload.outcome import Outcome

FAILED = {"d": "was not reloaded, the old code goes on: it failed to import: ValueError: bad"}


@pytest.mark.parametrize(
    ("outcome", "english", "chinese"),
    [
        pytest.param(Outcome(), "nothing was reloaded", "没有重载任何模块", id="nothing"),
        pytest.param(
            Outcome(reloaded=("a", "b"), added=("c",), removed=("e",), seconds=0.123),
            "reloaded: a, b; new: c; gone: e; 0.12 s",
            "已重载：a, b；新增：c；已停下：e；0.12 秒",
            id="all kinds",
        ),
        pytest.param(
            Outcome(failed=FAILED, notes=("module e is off: it was removed",)),
            "nothing was reloaded\n"
            "module d was not reloaded, the old code goes on: it failed to import: ValueError: bad\n"
            "module e is off: it was removed",
            "没有重载任何模块\n模块 d 没有重载，旧代码继续运行：导入失败：ValueError: bad\n模块 e 已停用：它已被删除",
            id="failures and notes",
        ),
    ],
)
def test_for_people(outcome, english, chinese):
    assert (outcome.text("en"), outcome.text("zh")) == (english, chinese)


def test_what_the_owner_has_to_know_beside_is_no_fault():
    assert Outcome(reloaded=("a",), notes=("modules/a/database.py has changed but stays as it was",)).ok


def test_for_programs():
    outcome = Outcome(reloaded=("a",), failed=FAILED, seconds=0.5)
    assert json.loads(json.dumps(outcome.to_json())) == {
        "ok": False,
        "reloaded": ["a"],
        "added": [],
        "removed": [],
        "failed": FAILED,
        "notes": [],
        "seconds": 0.5,
    }
