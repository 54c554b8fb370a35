"""What Aha says of modules that change while the bot runs, in Chinese, by what it says in English; see `chinese`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

RELOAD: Mapping[str, str] = MappingProxyType(
    {
        "no bot runs with the data folder {folder}: start it with: aha run": (
            "没有机器人在使用数据目录 {folder}：启动它：aha run"
        ),
        "the bot with the data folder {folder} does not answer, it is starting or stopping: try again in a moment": (
            "使用数据目录 {folder} 的机器人没有应答，它正在启动或停止：请稍后再试"
        ),
        "the bot with the data folder {folder} is another user's: be that user": (
            "使用数据目录 {folder} 的机器人属于另一个用户：请用那个用户操作"
        ),
        "the bot ended before it was done; its log says how far it came": (
            "机器人在完成之前停止了；进行到哪一步见它的日志"
        ),
        "the bot failed at it; its log says how": "机器人没能完成；原因见它的日志",
        "a bot that runs cannot be told anything on Windows: say reload to it in a chat, or use --reload": (
            "在 Windows 上无法这样通知运行中的机器人：请在聊天中对它说 reload，或使用 --reload"
        ),
        "module {name} comes with Aha: leave it out of a run with --exclude {name2}": (
            "模块 {name} 是 Aha 自带的：运行时用 --exclude {name2} 可不加载它"
        ),
        "aha reload cannot reach this bot, no socket can be made in {folder}: {error}": (
            "aha reload 无法通知这个机器人，不能在 {folder} 中建立套接字：{error}"
        ),
        "{folder} cannot be watched, so it is looked through every second: {error}; on Linux, "
        "fs.inotify.max_user_watches and fs.inotify.max_user_instances say how much can be": (
            "无法监视 {folder}，改为每秒检查一遍：{error}；在 Linux 上，能监视多少由 fs.inotify.max_user_watches 和 "
            "fs.inotify.max_user_instances 决定"
        ),
        "{folder} cannot be watched, say aha reload when files have changed: {error}": (
            "无法监视 {folder}，文件改动后请运行 aha reload：{error}"
        ),
        "changed files of {names} were not taken over: {error}": "{names} 的文件改动没有生效：{error}",
        "what has changed while the bot was starting is not taken over: {error}": (
            "机器人启动期间的改动没有生效：{error}"
        ),
        "reloaded: {names}; {seconds} s": "已重载：{names}；{seconds} 秒",
        "reloaded: {names}; new: {new}; {seconds} s": "已重载：{names}；新增：{new}；{seconds} 秒",
        "reloaded: {names}; gone: {gone}; {seconds} s": "已重载：{names}；已停下：{gone}；{seconds} 秒",
        "reloaded: {names}; new: {new}; gone: {gone}; {seconds} s": (
            "已重载：{names}；新增：{new}；已停下：{gone}；{seconds} 秒"
        ),
        "new: {new}; {seconds} s": "新增：{new}；{seconds} 秒",
        "new: {new}; gone: {gone}; {seconds} s": "新增：{new}；已停下：{gone}；{seconds} 秒",
        "gone: {gone}; {seconds} s": "已停下：{gone}；{seconds} 秒",
        "nothing was reloaded": "没有重载任何模块",
        "module {name} was not reloaded, the old code goes on: it failed to import: {error}": (
            "模块 {name} 没有重载，旧代码继续运行：导入失败：{error}"
        ),
        "module {name} was not reloaded, the old code goes on: it failed to have its tables: {error}": (
            "模块 {name} 没有重载，旧代码继续运行：无法更新它的表：{error}"
        ),
        "module {name} was not reloaded, the old code goes on: it failed to load its SimpleStore: {error}": (
            "模块 {name} 没有重载，旧代码继续运行：无法载入它的 SimpleStore：{error}"
        ),
        "module {name} was not reloaded, the old code goes on: it failed to start: {error}": (
            "模块 {name} 没有重载，旧代码继续运行：启动失败：{error}"
        ),
        "module {name} was not reloaded, the old code goes on: it failed to be replaced: {error}": (
            "模块 {name} 没有重载，旧代码继续运行：无法替换：{error}"
        ),
        "module {name} was not reloaded, the old code goes on: it goes together with module {other}, which failed": (
            "模块 {name} 没有重载，旧代码继续运行：它与失败的模块 {other} 一起重载"
        ),
        "module {name} is off, it goes together with module {other}, which failed": (
            "模块 {name} 已停用：它与失败的模块 {other} 一起重载"
        ),
        "{error}; its old code, too: it failed to have its tables: {second}": (
            "{error}；旧代码也无法更新它的表：{second}"
        ),
        "{error}; its old code, too: it failed to load its SimpleStore: {second}": (
            "{error}；旧代码也无法载入它的 SimpleStore：{second}"
        ),
        "{error}; its old code, too: it failed to start: {second}": "{error}；旧代码也启动失败：{second}",
        "module {name} is off: {reason}": "模块 {name} 已停用：{reason}",
        "{error}; if it has moved out of database.py: aha reload --with-database {name}": (
            "{error}；如果它已从 database.py 移出：aha reload --with-database {name}"
        ),
        "{whole} stays as it is while the bot runs, without {what}: move that into database.py, too, or restart "
        "the bot": "{whole} 在机器人运行时不会改变，不能加上 {what}：请把它也写进 database.py，或重新启动机器人",
        "on_start did not end within {seconds} s; what goes on is a task: asyncio.create_task(...)": (
            "on_start 在 {seconds} 秒内没有结束；要一直运行的请写成任务：asyncio.create_task(...)"
        ),
        "another process has kept the database locked for {seconds} s: let it end what it writes, or end it, and try "
        "again": "另一个进程锁住数据库已有 {seconds} 秒：等它写完，或结束它，然后再试",
        "{error}; correct it and reload it": "{error}；请修正后重载",
        "it was removed": "它已被删除",
        "it imports module {name}, which is off": "它导入了已停用的模块 {name}",
        "it is new: aha reload {name}": "它是新的：aha reload {name}",
        "--exclude names it": "--exclude 排除了它",
        "--load-only does not name it": "--load-only 没有列出它",
        "there is no module {name}; there are: {names}": "没有模块 {name}；现有：{names}",
        "{file} has changed but stays as it was; what takes it over: aha reload --with-database {name}, or a restart": (
            "{file} 已改动，但仍是原来的；要换上改动：aha reload --with-database {name}，或重新启动"
        ),
        "{file} is gone but stays as it was: put it back, or let go of it when nothing needs it: "
        "aha reload --with-database {name}, or a restart": (
            "{file} 已不在，但它的代码仍在运行：请放回来；不再需要它时可以让它停下：aha reload --with-database {name}，"
            "或重新启动"
        ),
        "{file} stays with the old code of {names}: have in it what it needs, or restart the bot": (
            "{file} 仍在使用 {names} 的旧代码：请把需要的内容写在这个文件里，或重新启动机器人"
        ),
        "the bot is stopping: nothing is reloaded any more": "机器人正在停止：不再重载",
        "the reload was broken off: the bot is stopping": "重载已中断：机器人正在停止",
        "the folder of modules cannot be read: {error}": "无法读取模块的目录：{error}",
    }
)
