"""What the commands of `aha db` write around what they found, in English and Chinese. Only words.

Help and errors are English. So are words that `aha modules` and `--json` have too, such as the state of a module.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from aha.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        # above the columns of tables
        "bytes": "bytes",
        "column": "column",
        "declared": "declared",
        "file": "file",
        "id": "id",
        "is": "is",
        "module": "module",
        "modules": "modules",
        "name": "name",
        "no.": "no.",
        "of": "of",
        "phase": "phase",
        "row": "row",
        "rows": "rows",
        "still kept": "still kept",
        "table": "table",
        "type": "type",
        "value": "value",
        "went back": "went back",
        "what": "what",
        "when": "when",
        # in them
        "damaged": "damaged",
        "framework": "(framework)",
        "no more": "no more",
        "nobody": "(nobody of ours)",
        # answers
        "agree": "Remove all of that for good, after a backup? Type yes: ",
        "copying": "copying {table}: {rows:,} rows",
        "journal first": "not copied, as they stand in the journal of SimpleStores only: {changes}; start the bot with "
        "the old database once, stop it, and copy again",
        "key along": "if the bot moves to another folder, take {file} along: without it, some values cannot be read",
        "left out": "left out: {what}",
        "no backups": "there are no backups in {folder}",
        "no history": "nothing was done to this database yet",
        "not removed": "nothing was removed",
        "nothing kept": "no values are kept",
        "nothing unused": "nothing is unused",
        "put back": "{file} was put back too",
        "removed": "removed; as it was before: {file}",
        "replaced": "another {file} was there, now {aside}: if this folder stays with another database, put it back",
        "saved": "what was there before is in {file}",
        "verifying": "verifying {table}: {rows:,} rows",
    }
)

CHINESE: Mapping[str, str] = MappingProxyType(
    {
        "bytes": "字节",
        "column": "列",
        "declared": "声明",
        "file": "文件",
        "id": "编号",
        "is": "状态",
        "module": "模块",
        "modules": "模块",
        "name": "名称",
        "no.": "编号",
        "of": "数据库",
        "phase": "阶段",
        "row": "行",
        "rows": "行数",
        "still kept": "仍保留",
        "table": "表",
        "type": "类型",
        "value": "值",
        "went back": "已放回",
        "what": "内容",
        "when": "时间",
        "damaged": "已损坏",
        "framework": "（框架）",
        "no more": "不再声明",
        "nobody": "（不是 Aha 的）",
        "agree": "先备份，然后永久删除以上内容？请输入 yes：",
        "copying": "正在复制 {table}：{rows:,} 行",
        "journal first": "没有复制，因为只在模块存储的日志里：{changes}；请用旧数据库启动一次机器人，停止，再重新复制",
        "key along": "如果机器人换到别的目录，请带上 {file}：没有它，有些值会读不出来",
        "left out": "没有复制：{what}",
        "no backups": "{folder} 里没有备份",
        "no history": "还没有对这个数据库做过什么",
        "not removed": "什么都没有删除",
        "nothing kept": "没有另行保留的值",
        "nothing unused": "没有不再使用的内容",
        "put back": "{file} 也已放回",
        "removed": "已删除；删除前的备份：{file}",
        "replaced": "原有的 {file} 与之不同，现名 {aside}；如果这个目录继续用别的数据库，请把它换回来",
        "saved": "此前的内容已备份到 {file}",
        "verifying": "正在核对 {table}：{rows:,} 行",
    }
)

_WORDS = Words(ENGLISH, CHINESE)
texts, answer, columns = _WORDS.texts, _WORDS.answer, _WORDS.columns
