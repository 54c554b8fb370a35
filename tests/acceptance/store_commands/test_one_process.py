"""One data folder is for one process: who is refused while a bot runs, and what may run beside it."""

from __future__ import annotations

import re
import signal


def test_a_second_bot_and_commands_that_write_are_refused_while_one_runs(filled, start, run, store, folder):
    process = start("run").ready()
    (folder / "x.json").write_text('{"format": "aha store 1", "entries": []}')
    line = re.compile(
        rf"aha: the data folder data is in use by process {process.popen.pid} since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d: "
        r"stop it first, or give this one a folder of its own \(aha\.data_dir\)\n"
    )
    second = run("run")
    assert (second.code, second.out) == (1, "")
    assert line.fullmatch(second.err)
    for command in (["set", "notes", "a", "1"], ["delete", "notes", "text"], ["import", "notes", "x.json"]):
        ended = store(*command)
        assert (ended.code, ended.out) == (1, "")
        assert line.fullmatch(ended.err)
    assert store("get", "notes", "text").out == "hi\n"
    process.end(signal.SIGKILL)
    assert run("run").code == 0


def test_commands_of_the_database_and_a_bot_with_its_own_folder_run_beside(filled, start, aha, run):
    start("run").ready()
    assert aha("db", "backup").code == 0
    assert aha("db", "owners").code == 0
    assert run("run", AHA_DATA_DIR="other").code == 0


def test_the_refusal_is_chinese_where_the_bot_is(filled, start, store, monkeypatch):
    process = start("run").ready()
    monkeypatch.setenv("AHA_LANG", "zh")
    assert re.fullmatch(
        rf"aha: 数据目录 data 正被进程 {process.popen.pid} 使用（自 .* 起）："
        r"请先停止它，或用 aha\.data_dir 另设一个数据目录\n",
        store("set", "notes", "a", "1").err,
    )
