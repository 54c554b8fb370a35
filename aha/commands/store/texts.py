"""What the commands of `aha store` write around what they found, in English and Chinese. Only words.

Help and errors are English here, as in `aha db`; `aha.telling` knows the Chinese of the errors.
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
        "classes": "classes and functions",
        "help": "what helps",
        "id": "id",
        "is": "is",
        "key": "key",
        "keys": "keys",
        "module": "module",
        "type": "type",
        "value": "value",
        "waiting": "in the journal",
        "when": "when",
        "why": "why",
        # in them
        "damaged": "damaged: its bytes are not those that were written",
        "damaged in journal": "damaged in the journal ({file}): {what}",
        "gone": "of {place}, which is not there",
        "in journal": "in the journal",
        "kept by start": "the next start keeps what is left of it here",
        "lost": "(unknown)",
        "not readable": "(cannot be read)",
        "not taken here": "all is well if its class needs what only a running bot has; else mend it, or: {delete}",
        "restore class": "bring the class back, or: {delete}",
        "set aside": "{changes} are not in this database: they were put aside, because {reason}",
        "still changes": "{n} changes of {module}",
        "undecodable": "nothing can be made of it: {delete}",
        "untrusted": "of {place}, and not signed here",
        # answers
        "agree to drop": "Remove that for good? Type yes: ",
        "agree to trust": "Whoever wrote these can run code in the bot if they are trusted. Sign them? Type yes: ",
        "deleted": "deleted {key}: it was {value} ({type})",
        "deleted unread": "deleted {key}, which could not be read",
        "dropped": "removed {id}",
        "empty": "the store of module {module} is empty",
        "exported": "wrote {n} keys to {file}",
        "imported": "{new} new, {replaced} replaced, {deleted} deleted, {same} as they were",
        "kept replaced": "what stood there is in quarantine now; see: aha store quarantine",
        "kept unread": "what could not be read is kept: {keys}; see: aha store quarantine",
        "left out": "left out, as they are damaged: {keys}; see: aha store quarantine",
        "no stores": "no module has a SimpleStore in this database",
        "not changed": "nothing was changed",
        "nothing in quarantine": "everything can be read",
        "nothing to trust": "all of it is plain data, or signed here",
        "put back": "put back {key} into the store of module {module}",
        "replaced": "stored {key} = {value} ({type}); it was {before}",
        "some unreadable": "what cannot be read, why, and what can be done: aha store quarantine",
        "stored": "stored {key} = {value} ({type})",
        "trusted": "signed {n} keys",
        "unknowable": "not signed, as nobody can say what is in them: {keys}",
    }
)

CHINESE: Mapping[str, str] = MappingProxyType(
    {
        "bytes": "字节",
        "classes": "类和函数",
        "help": "怎么办",
        "id": "编号",
        "is": "状态",
        "key": "键",
        "keys": "键数",
        "module": "模块",
        "type": "类型",
        "value": "值",
        "waiting": "日志中",
        "when": "时间",
        "why": "原因",
        "damaged": "已损坏：字节与写入时不同",
        "damaged in journal": "日志（{file}）中已损坏：{what}",
        "gone": "属于 {place}，而它不存在",
        "in journal": "在日志中",
        "kept by start": "下次启动会把剩下的部分收到这里",
        "lost": "（不明）",
        "not readable": "（无法读取）",
        "not taken here": "如果它的类需要机器人运行时才有的东西，就没有问题；否则修好这个类，或：{delete}",
        "restore class": "恢复这个类，或：{delete}",
        "set aside": "{changes}不在这个数据库里：已另行放置，因为 {reason}",
        "still changes": "{module} 的 {n} 处改动",
        "undecodable": "已无法还原：{delete}",
        "untrusted": "属于 {place}，且不是在这里签名的",
        "agree to drop": "永久删除？请输入 yes：",
        "agree to trust": "一旦信任，写下它们的人就能在机器人里运行代码。确定签名？请输入 yes：",
        "deleted": "已删除 {key}：原为 {value}（{type}）",
        "deleted unread": "已删除无法读取的 {key}",
        "dropped": "已删除 {id}",
        "empty": "模块 {module} 的存储是空的",
        "exported": "已将 {n} 个键写入 {file}",
        "imported": "新增 {new}，替换 {replaced}，删除 {deleted}，未变 {same}",
        "kept replaced": "原来的值已移入隔离区；请看：aha store quarantine",
        "kept unread": "无法读取的旧值已保留：{keys}；请看：aha store quarantine",
        "left out": "已损坏，没有导出：{keys}；请看：aha store quarantine",
        "no stores": "这个数据库里没有模块的 SimpleStore",
        "not changed": "没有改动",
        "nothing in quarantine": "全部可以读取",
        "nothing to trust": "全部是普通数据，或在这里签过名",
        "put back": "已把 {key} 放回模块 {module} 的存储",
        "replaced": "已存入 {key} = {value}（{type}）；原为 {before}",
        "some unreadable": "哪些读不了、为什么、怎么办：aha store quarantine",
        "stored": "已存入 {key} = {value}（{type}）",
        "trusted": "已签名 {n} 个键",
        "unknowable": "没有签名，因为无法得知其中的内容：{keys}",
    }
)

_WORDS = Words(ENGLISH, CHINESE)
texts, said, answer, columns = _WORDS.texts, _WORDS.said, _WORDS.answer, _WORDS.columns
