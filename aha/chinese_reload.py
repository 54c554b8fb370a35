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
        "table {name}": "表 {name}",
        "the column {name}": "列 {name}",
        "the constraint {name}": "约束 {name}",
        "the property {name}": "属性 {name}",
        "a column": "列",
        "a constraint": "约束",
        "{each}; move that into database.py, too, or restart the bot": (
            "{each}；请把它也移进 database.py，或重新启动机器人"
        ),
        "{each}; restart the bot": "{each}；请重新启动机器人",
        "{each}; replace that with it (--with-database names several), or restart the bot": (
            "{each}；请把它一起换掉（--with-database 可写多个模块），或重新启动机器人"
        ),
        "{cls} stays and has the relationship {relation} to {target}, which does not": (
            "{cls} 保持不变，而它的关系 {relation} 指向要换掉的 {target}"
        ),
        "{cls} stays and has the relationship {relation} by table {table}, which does not": (
            "{cls} 保持不变，而它的关系 {relation} 经由要换掉的表 {table}"
        ),
        "{cls} stays and inherits from {base}, which does not": "{cls} 保持不变，而它继承自要换掉的 {base}",
        "{file} stays and imports it": "{file} 保持不变，而它导入了这个模块",
        "module {name} was reloaded: what still runs of its old code can register nothing": (
            "模块 {name} 已重载：旧代码中仍在运行的部分不能再注册任何东西"
        ),
        "module {name} was unloaded: what still runs of it can register nothing": (
            "模块 {name} 已卸载：其中仍在运行的部分不能再注册任何东西"
        ),
        "module {name} made a second SimpleStore: import the first one, or use longer keys": (
            "模块 {name} 建了第二个 SimpleStore：请导入第一个，或使用更长的键"
        ),
        "module {name} made its SimpleStore too late: make it at the top level, as it loads": (
            "模块 {name} 建 SimpleStore 太晚：请写在最外层，让它在载入时就建好"
        ),
        "callbacks of {names} that still ran after {seconds} s were cancelled: {n}": (
            "{names} 有 {n} 个回调在 {seconds} 秒后仍在运行，已取消"
        ),
        "more than {most} events waited for {names} while its code was changed; not given to it: {n}": (
            "{names} 更换代码期间，等待的事件超过了 {most} 个；有 {n} 个没有交给它"
        ),
        "while reloading: gave up trying to {what}": "重载时：没能在限定时间内{what}",
        "while stopping: gave up trying to {what}": "停止时：没能在限定时间内{what}",
        "while reloading: could not {what}": "重载时：没能{what}",
        "while stopping: could not {what}": "停止时：没能{what}",
        "clean up module {name}": "清理模块 {name}",
        "stop listening": "停止接收事件",
        "finish a reload": "完成重载",
        "break off a reload": "中断重载",
        "tell who waits for a reload": "把重载结果告诉等待的人",
        "finish callbacks": "等回调运行完",
        "end the tasks of modules": "结束模块的任务",
        "write the SimpleStores": "写入 SimpleStore",
        "close the adapters": "关闭适配器",
        "close the database": "关闭数据库",
        "waiting for on_start of module {name}": "正在等待模块 {name} 的 on_start",
        "waiting for on_start of module {name}, for {seconds} s at most": (
            "正在等待模块 {name} 的 on_start，最多 {seconds} 秒"
        ),
        "on_start of module {name} does not end although it was cancelled; it is left behind": (
            "模块 {name} 的 on_start 被取消后仍不结束，不再等它"
        ),
        "the tables are left as they are: {error}": "表保持原样：{error}",
        "{file} cannot be written ({error}): if the bot ends now, who waits is not told": (
            "无法写入 {file}（{error}）：如果机器人现在停止，等待结果的人将得不到回复"
        ),
        "{file} cannot be read and is left out: {error}": "无法读取 {file}，已略过：{error}",
        "bot {name} was out of reach for {seconds} s: {said}": "{seconds} 秒内联系不上 bot {name}：{said}",
        "nobody could be told in a chat: {said}": "没能在聊天中告知：{said}",
        "failed at a reload that was asked for in a chat": "执行聊天中要求的重载时出错",
        "failed at what aha reload had asked for": "执行 aha reload 要求的重载时出错",
        "failed at changed files of {names}": "处理 {names} 的文件改动时出错",
        "failed at what has changed while the bot was starting": "处理机器人启动期间的改动时出错",
        "{path} is there and is no socket: remove it": "{path} 已存在，且不是套接字：请删除它",
        "module {name} failed to import": "模块 {name} 导入失败",
        "module {name} failed to have its tables": "无法更新模块 {name} 的表",
        "module {name} failed to load its SimpleStore": "无法载入模块 {name} 的 SimpleStore",
        "module {name} failed to start": "模块 {name} 启动失败",
        "module {name} failed to be replaced": "无法替换模块 {name}",
        "it failed to import, see its own report": "它导入失败，原因另见上文",
        "its import was broken off": "它的导入被中断了",
        "its start was broken off": "它的启动被中断了",
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
