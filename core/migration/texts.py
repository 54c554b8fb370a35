"""What a migration says, in English and Chinese. Only words: what goes into the braces is decided in `report`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        # what happens, by the kind of step
        "CreateTable": "created",
        "RenameTable": "renamed from {old}",
        "MergeTable": "{rows} of {old} copied; {old} stays, unused",
        "RetireTable": "no longer declared: it stays, unused",
        "RenameColumn": "renamed from {old}",
        "AddColumn": "added",
        "AddColumn.filled": "added; {rows} got {fill}",
        "RetireColumn": "no longer declared: it stays, unused",
        "RetireColumn.filled": "no longer declared: it stays, unused, with {rows}",
        "FillColumn": "{rows} without a value got {fill}",
        "FillFromOld": "{rows} got the value of {old}, which stays, unused",
        "ConvertColumn": "{before} -> {after}",
        "ConvertColumn.filled": "{before} -> {after}: {rows} converted",
        "RestoreKept": "{rows} got back the values that had been kept",
        "AlterColumn": "new {what}",
        "SetNullable.on": "may be NULL",
        "SetNullable.off": "NOT NULL",
        "AddConstraint": "added: {definition}",
        "ValidateConstraint": "checked for all rows: {definition}",
        "DropConstraint": "removed: {definition}",
        "RenameConstraint": "renamed from {old}",
        "AddIndex": "index added",
        "DropIndex": "index removed",
        "CommentTable": "new comment",
        "ChangeOptions": "new options: {options}",
        "PruneTable": "removed by command, with {rows}",
        "PruneColumn": "removed by command, with {rows}",
        "PruneKept": "{rows}: kept values removed by command",
        # what becomes of it
        "postponed": "postponed, tried again at every start: {what}: {why}",
        "refused": "refused: {what}: {why}; until then the module is off, its data is untouched",
        "reported": "{what}; {why}",
        # why, by remedy
        "fill_nulls": "{rows} without a value{keys}; give them one in @on_start, or give the column a default",
        "duplicates": "{rows} have a value that another has too{keys}; change them in @on_start",
        "duplicates.1": "{rows} has a value that another has too{keys}; change it in @on_start",
        "key_duplicates": "{rows} would have a key that another has too{keys}; take the column back into the key, or "
        "make the rows differ",
        "key_values": "{kept} of the key cannot be converted{keys}; change them with the release before",
        "check": "{rows} do not meet it{keys}; change them in @on_start",
        "check.1": "{rows} does not meet it{keys}; change it in @on_start",
        "orphans": "{rows} refer to what is not there{keys}; new rows must be right, these may stay until they are",
        "orphans.1": "{rows} refers to what is not there{keys}; new rows must be right, this one may stay until it is",
        "too_long": "{rows} do not fit{keys}; shorten them in @on_start",
        "too_long.1": "{rows} does not fit{keys}; shorten it in @on_start",
        "kept": "{kept} cannot follow{keys} and are kept: aha db kept --module {module}",
        "kept.1": "{kept} cannot follow{keys} and is kept: aha db kept --module {module}",
        "written_since": "{kept} have been written since{keys} and keep their value",
        "written_since.1": "{kept} has been written since{keys} and keeps its value",
        "declare_rename": 'if it was renamed, declare the new column with info={{"was": "{column}"}}',
        # parts
        "rows.0": "no rows",
        "rows.1": "1 row",
        "rows": "{n:,} rows",
        "values.1": "1 value",
        "values": "{n:,} values",
        "keys": " (keys {keys})",
        "keys.more": " (keys {keys}, ...)",
        "nothing": "nothing",
        "default": "default",
        "server default": "the server default",
        "default, called per row": "a default of their own",
        # around it
        "changed": "the database was brought up to date: {modules}",
        "changed.seconds": "the database was brought up to date in {seconds:.1f} s: {modules}",
        "waiting": "waiting for rows to be put right: {modules}",
        "still waiting": "still waiting for rows to be put right: {modules}; what waits for what: aha db check",
        "undo": "as it was before: {file}; to go back, stop the bot, give the modules their old files, and: "
        "aha db restore {file} --overwrite",
        "nothing now": "nothing else is to be done",
        "plan.expand": "before the modules start (expand):",
        "plan.settle": "after on_start, as soon as the rows allow it (settle):",
        "plan.refused": "not at all, until this is put right:",
        "nothing to do": "nothing to be done: the database is as the modules declare it",
        "framework": "the framework",
    }
)

CHINESE: Mapping[str, str] = MappingProxyType(
    {
        "CreateTable": "已创建",
        "RenameTable": "由 {old} 改名而来",
        "MergeTable": "从 {old} 复制了 {rows}；{old} 保留，不再使用",
        "RetireTable": "模块不再声明此表：保留，不再使用",
        "RenameColumn": "由 {old} 改名而来",
        "AddColumn": "新增列",
        "AddColumn.filled": "新增列；{rows}填入 {fill}",
        "RetireColumn": "模块不再声明此列：保留，不再使用",
        "RetireColumn.filled": "模块不再声明此列：保留，不再使用，其中 {rows}有值",
        "FillColumn": "{rows}原为空，已填入 {fill}",
        "FillFromOld": "{rows}取得了 {old} 的值；{old} 保留，不再使用",
        "ConvertColumn": "{before} -> {after}",
        "ConvertColumn.filled": "{before} -> {after}：已转换 {rows}",
        "RestoreKept": "{rows}取回了此前保留的值",
        "AlterColumn": "更新 {what}",
        "SetNullable.on": "允许 NULL",
        "SetNullable.off": "NOT NULL",
        "AddConstraint": "新增：{definition}",
        "ValidateConstraint": "检查所有行：{definition}",
        "DropConstraint": "移除：{definition}",
        "RenameConstraint": "由 {old} 改名而来",
        "AddIndex": "新增索引",
        "DropIndex": "移除索引",
        "CommentTable": "更新注释",
        "ChangeOptions": "更新选项：{options}",
        "PruneTable": "已按命令删除，含 {rows}",
        "PruneColumn": "已按命令删除，含 {rows}",
        "PruneKept": "已按命令删除 {rows}的保留值",
        "postponed": "暂缓，每次启动都会重试：{what}：{why}",
        "refused": "拒绝：{what}：{why}；在此之前模块停用，数据不会改动",
        "reported": "{what}；{why}",
        "fill_nulls": "{rows}没有值{keys}；请在 @on_start 中补上，或为该列声明默认值",
        "duplicates": "{rows}的值与其他行重复{keys}；请在 @on_start 中修改",
        "duplicates.1": "{rows}的值与其他行重复{keys}；请在 @on_start 中修改",
        "key_duplicates": "{rows}的主键会与其他行重复{keys}；请把该列放回主键，或让这些行互不相同",
        "key_values": "主键中有 {kept}无法转换{keys}；请先用旧版本修改它们",
        "check": "{rows}不满足该条件{keys}；请在 @on_start 中修改",
        "check.1": "{rows}不满足该条件{keys}；请在 @on_start 中修改",
        "orphans": "{rows}引用了不存在的行{keys}；新写入的行必须正确，这些行可保留至修正",
        "orphans.1": "{rows}引用了不存在的行{keys}；新写入的行必须正确，这些行可保留至修正",
        "too_long": "{rows}放不下{keys}；请在 @on_start 中缩短",
        "too_long.1": "{rows}放不下{keys}；请在 @on_start 中缩短",
        "kept": "{kept}无法转换{keys}，已另行保留：aha db kept --module {module}",
        "kept.1": "{kept}无法转换{keys}，已另行保留：aha db kept --module {module}",
        "written_since": "{kept}在此之后已写入新值{keys}，保持不变",
        "written_since.1": "{kept}在此之后已写入新值{keys}，保持不变",
        "declare_rename": '若是改名，请在新列上声明 info={{"was": "{column}"}}',
        "rows.0": "0 行",
        "rows.1": "1 行",
        "rows": "{n:,} 行",
        "values.1": "1 个值",
        "values": "{n:,} 个值",
        "keys": "（主键 {keys}）",
        "keys.more": "（主键 {keys} 等）",
        "nothing": "空值",
        "default": "默认值",
        "server default": "数据库默认值",
        "default, called per row": "各自的默认值",
        "changed": "数据库已更新：{modules}",
        "changed.seconds": "数据库已更新（{seconds:.1f} 秒）：{modules}",
        "waiting": "等待数据修正：{modules}",
        "still waiting": "仍在等待数据修正：{modules}；详情请运行 aha db check",
        "undo": "更新前的备份：{file}；若要还原，请停止机器人，换回模块的旧文件，然后运行 "
        "aha db restore {file} --overwrite",
        "nothing now": "此外无需更新",
        "plan.expand": "模块启动之前（expand）：",
        "plan.settle": "on_start 之后，数据允许时（settle）：",
        "plan.refused": "修正之前无法进行：",
        "nothing to do": "无需更新：数据库与模块的声明一致",
        "framework": "框架",
    }
)

_LANGUAGES = {"en": ENGLISH, "zh": CHINESE}


def texts_in(lang: str) -> Mapping[str, str]:
    """The texts by the value of `aha.lang`; English for a language that is none of ours."""
    return _LANGUAGES.get(lang, ENGLISH)
