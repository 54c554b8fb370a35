"""What SimpleStores say in the log and to code of modules, in Chinese, by what they say in English; see `chinese`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS_AND_VALUES = {
    "a SimpleStore's keys are str, not {type} ({key}); use str(...)": (
        "SimpleStore 的键是 str，不是 {type}（{key}）；请用 str(...)"
    ),
    "a SimpleStore's key cannot hold a NUL character: {key}; leave it out": (
        "SimpleStore 的键不能含有 NUL 字符：{key}；请去掉它"
    ),
    "a SimpleStore's key cannot hold half of a surrogate pair: {key}; leave it out": (
        "SimpleStore 的键不能含有半个代理对：{key}；请去掉它"
    ),
    "a SimpleStore's key has at most {most} UTF-8 bytes, {key}... has {size}: use a hash of it": (
        "SimpleStore 的键最多 {most} 个 UTF-8 字节，{key}... 有 {size} 个：请改用它的哈希值"
    ),
    "the value for key {key}, a {type}, cannot be pickled ({error}); store plain data": (
        "键 {key} 的值（{type}）无法 pickle（{error}）；请存普通数据"
    ),
    "the value for key {key}, a {type}, takes {size} bytes, more than {most}; keep it in a file and store its path": (
        "键 {key} 的值（{type}）有 {size} 字节，超过 {most}；请把它放在文件里，只存路径"
    ),
    "the value for key {key} was not signed here, and {place} is neither plain data nor a class of a module, or "
    "has something to call: nothing of it was run; if you know where it comes from, `aha store trust MODULE`": (
        "键 {key} 的值不是在这里签名的，而 {place} 既不是普通数据，也不是模块的类，或者含有可调用的东西：没有运行其"
        "中任何内容；如果知道它的来历，请用 `aha store trust 模块`"
    ),
    "the value for key {key} is of {went}": "键 {key} 的值属于 {went}",
    '{place}, which no loaded module has: if it was renamed or moved, write __was__ = "{name}" in its class; if '
    "its module is off, switch it on": (
        '{place}，而已载入的模块里没有它：如果它改了名或换了位置，请在类里写 __was__ = "{name}"；如果它的模块停用了'
        "，请启用"
    ),
    "{place}, which cannot be imported ({error}): install its package again": (
        "{place}，而它无法导入（{error}）：请重新安装它的包"
    ),
    "the value for key {key} cannot be read ({type}: {error}): it is damaged, or its class does not take what was "
    "stored; mend the class, or give the value up with `del store[key]`": (
        "键 {key} 的值无法读取（{type}: {error}）：它已损坏，或者它的类不接受存下的内容；请修好这个类，或用 `del "
        "store[key]` 放弃这个值"
    ),
    "key {key} has no room in the SimpleStore of module {module}, which holds {used} of {limit} MB "
    "(aha.store.max_mb): delete what is not needed, allow more, or use a table of your own": (
        "模块 {module} 的 SimpleStore 放不下键 {key}，已占 {used} MB，上限 {limit} MB（aha.store.max_mb）：请删除不"
        "需要的内容、提高上限，或改用自己的表"
    ),
}

_DOOR = {
    "the SimpleStore of module {module} was touched before its data was loaded; touch it in a callback: the first "
    "one that may is a function under @on_start": (
        "模块 {module} 的 SimpleStore 在数据载入之前被使用；请在回调里使用：最早可以在 @on_start 函数里"
    ),
    "the SimpleStore of module {module} is closed: the module was unloaded or the bot has stopped": (
        "模块 {module} 的 SimpleStore 已关闭：模块已卸载，或机器人已停止"
    ),
    "a SimpleStore belongs to a module: make it at the top level of a module that the bot loads": (
        "SimpleStore 属于模块：请在机器人载入的模块的顶层创建"
    ),
    "module {module} made its SimpleStore too late: make it at the top level, as it loads": (
        "模块 {module} 创建 SimpleStore 太晚：请在模块顶层创建，让它随模块载入"
    ),
    "this is a forked child process, and the SimpleStores are its parent's: give the child the values that it "
    "needs, let it return its result, and set it in the parent": (
        "这是 fork 出来的子进程，SimpleStore 属于父进程：请把需要的值交给子进程，让它返回结果，再在父进程里存入"
    ),
    "this is a forked child process, and the database is its parent's: give the child the values that it needs, "
    "let it return its result, and write that in the parent; or start the child anew (spawn) with an engine of its "
    "own": (
        "这是 fork 出来的子进程，数据库属于父进程：请把需要的值交给子进程，让它返回结果，再在父进程里写入；或者用 "
        "spawn 启动子进程，让它有自己的 engine"
    ),
}

_JOURNAL = {
    "a change of {size} MB is too large for the journal in {folder}, which takes at most {most} MB at once "
    "(aha.store.journal_mb is {limit}): allow more, or keep it under several keys or in a file; nothing that was "
    "set before is lost": (
        "{size} MB 的改动对 {folder} 中的日志来说太大，一次最多 {most} MB（aha.store.journal_mb 为 {limit}）：请提"
        "高上限，或分成几个键存放，或放在文件里；之前存入的都没有丢失"
    ),
    "the journal in {folder} is full: {used} of at most {most} MB wait for the database, which has to take them "
    "first; nothing that was set before is lost": (
        "{folder} 中的日志已满：有 {used} MB（最多 {most} MB）在等待数据库，数据库接收之后才能继续；之前存入的都没"
        "有丢失"
    ),
    "the journal in {folder} cannot grow by {size} kB ({error}): make room there, or make it writable; nothing "
    "that was set before is lost": (
        "{folder} 中的日志无法增加 {size} kB（{error}）：请腾出空间，或让它可写；之前存入的都没有丢失"
    ),
    "the journal in {folder} cannot be written ({error})": "无法写入 {folder} 中的日志（{error}）",
    "{error}; until that is put right nothing can be set in SimpleStores": (
        "{error}；解决之前，SimpleStore 不能存入任何内容"
    ),
    "the journal in {folder} is closed: the bot is stopping": "{folder} 中的日志已关闭：机器人正在停止",
    "the journal in {folder} cannot be read ({error}): the bot must own it, and may read it": (
        "无法读取 {folder} 中的日志（{error}）：它应归机器人所有，并且可读"
    ),
    "the journal in {folder} cannot be set aside ({error})": "无法把 {folder} 中的日志另行放置（{error}）",
    "the journal is closed, and it is not certain that the disk has what was set last": (
        "日志已关闭，最后存入的内容是否已到磁盘，无法确定"
    ),
    "the journal has {n} files that cannot be read or are another's: see {place}": (
        "日志中有 {n} 个文件无法读取，或属于别的日志：见 {place}"
    ),
    "the disk does not take the journal ({error}): what was set outlives the process, perhaps not the machine; "
    "look at the disk, it is tried again every second": (
        "磁盘没有接收日志（{error}）：存入的内容不会随进程丢失，但机器断电时可能丢失；请检查磁盘，每秒会重试"
    ),
    "the disk does not take the journal ({error}); trying again": "磁盘没有接收日志（{error}）；正在重试",
    "the disk takes the journal again": "磁盘恢复接收日志",
    "changes of SimpleStores are not in this database ({changes}): they were put aside in {place}, because "
    "{reason}. If they are wanted, README.txt there says how to have them; if not, remove that folder": (
        "SimpleStore 的改动不在这个数据库里（{changes}）：已放到 {place}，因为{reason}。如果需要它们，那里的 "
        "README.txt 说明了做法；不需要则删除那个目录"
    ),
    "the journal of the SimpleStores is damaged in {file} ({what}): what can be read of it is kept in quarantine "
    "(aha store quarantine), all other changes are there": (
        "SimpleStore 的日志在 {file} 中已损坏（{what}）：能读出的部分已放入隔离区（aha store quarantine），其他改动都在"
    ),
    "the journal of the SimpleStores is damaged in {file} ({what}), probably of key {key} of module {module}: what "
    "can be read of it is kept in quarantine (aha store quarantine), all other changes are there": (
        "SimpleStore 的日志在 {file} 中已损坏（{what}），可能是模块 {module} 的键 {key}：能读出的部分已放入隔离区（"
        "aha store quarantine），其他改动都在"
    ),
    "the journal of the SimpleStores breaks off in {file} ({what}): the process or the power ended while that was "
    "written, or it is damaged; what can be read of it is kept in quarantine (aha store quarantine), all before it "
    "is there": (
        "SimpleStore 的日志在 {file} 中断开（{what}）：写到这里时进程结束或断电，或者它已损坏；能读出的部分已放入隔"
        "离区（aha store quarantine），之前的内容都在"
    ),
    "the journal of the SimpleStores breaks off in {file} ({what}), probably of key {key} of module {module}: the "
    "process or the power ended while that was written, or it is damaged; what can be read of it is kept in "
    "quarantine (aha store quarantine), all before it is there": (
        "SimpleStore 的日志在 {file} 中断开（{what}），可能是模块 {module} 的键 {key}：写到这里时进程结束或断电，或"
        "者它已损坏；能读出的部分已放入隔离区（aha store quarantine），之前的内容都在"
    ),
    "the end": "末尾",
    "the header": "文件头",
    "the file, which the disk does not give back": "磁盘读不出的文件",
    "{n} records": "{n} 条记录",
    "1 record": "1 条记录",
}

_TABLE = {
    "SimpleStore of module {module}: {keys} in table {table} cannot be read, as the database file is damaged; all "
    "others are there. To have all of it, restore a backup (aha db restore FILE); look at the disk": (
        "模块 {module} 的 SimpleStore：数据库文件已损坏，表 {table} 中的{keys}无法读取；其他都在。要找回全部，请还"
        "原备份（aha db restore FILE）；请检查磁盘"
    ),
    "SimpleStore of module {module}: table {table} was damaged in the database file and is made anew, with all "
    "keys; look at the disk": (
        "模块 {module} 的 SimpleStore：数据库文件中的表 {table} 已损坏，已重建，所有键都在；请检查磁盘"
    ),
    "SimpleStore of module {module}: {keys} in table {table}, and in quarantine now (aha store quarantine); all "
    "others are there": (
        "模块 {module} 的 SimpleStore：表 {table} 中{keys}，已放入隔离区（aha store quarantine）；其他都在"
    ),
    "key {key} was damaged": "键 {key} 已损坏",
    "{n} keys ({keys}) were damaged": "有 {n} 个键已损坏（{keys}）",
    "SimpleStore of module {module}: {keys} in table {table}; {error}": (
        "模块 {module} 的 SimpleStore：表 {table} 中{keys}；{error}"
    ),
    "key {key} is not readable and stays": "键 {key} 无法读取，保持原样",
    "{n} keys ({keys}) are not readable and stay": "有 {n} 个键无法读取，保持原样（{keys}）",
    "SimpleStore of module {module}: what stood under {keys} could not be read, and is in quarantine now (aha "
    "store quarantine), as it was set anew or deleted": (
        "模块 {module} 的 SimpleStore：{keys}下原来的内容无法读取，因为被重新存入或删除，现已放入隔离区（aha store "
        "quarantine）"
    ),
    "key {key}": "键 {key}",
    "{n} keys ({keys})": "{n} 个键（{keys}）",
    "SimpleStore of module {module}: {used} of {limit} MB (aha.store.max_mb) are in use; beyond, setting a value "
    "is an error; a table of its own has no such limit": (
        "模块 {module} 的 SimpleStore：已用 {used} MB，上限 {limit} MB（aha.store.max_mb）；超过之后存入会出错；模"
        "块自己的表没有这个上限"
    ),
    "SimpleStore of module {module}: a change under key {key} is not saved: {error}; what was stored before is kept": (
        "模块 {module} 的 SimpleStore：键 {key} 的改动没有保存：{error}；之前存的内容保留"
    ),
    "a change under key {key} of the SimpleStore of module {module} is not saved": (
        "模块 {module} 的 SimpleStore 中，键 {key} 的改动没有保存"
    ),
    "SimpleStores cannot be written ({error}): {changes} wait in the journal; trying again": (
        "SimpleStore 无法写入数据库（{error}）：{changes}在日志中等待；正在重试"
    ),
    "SimpleStores cannot be written ({error}): {changes}; they are kept in the journal and tried again": (
        "SimpleStore 无法写入数据库（{error}）：{changes}；它们保存在日志中，会重试"
    ),
    "SimpleStores are written again": "SimpleStore 恢复写入数据库",
    "SimpleStores could not be written within {n} s: {changes} stay in the journal in {folder} and are written at "
    "the next start": ("SimpleStore 没能在 {n} 秒内写入数据库：{changes}留在 {folder} 的日志中，下次启动时写入"),
    "{n} of module {module}, {others}": "模块 {module} 的 {n} 处改动、{others}",
    "{n} of module {module}": "模块 {module} 的 {n} 处改动",
    "SimpleStore of module {module}: the database refuses {keys} in table {table} ({error}); what it refuses stays "
    "in the journal and is tried again, and all others are written": (
        "模块 {module} 的 SimpleStore：数据库拒绝表 {table} 中的{keys}（{error}）；被拒绝的留在日志中，会重试，其他"
        "都会写入"
    ),
    "SimpleStores are not signed ({error}): what they hold of classes outside the bot's modules cannot be read "
    "after a restart; put {file} right, and start again": (
        "SimpleStore 没有签名（{error}）：其中属于模块之外的类的值，重启后无法读取；请处理好 {file}，再启动"
    ),
    "{file} held no key and is now {name}; a new key is made. Rows signed with the old one are read again when it "
    "is put back from a backup, or when you sign them anew: aha store trust MODULE": (
        "{file} 里没有密钥，已改名为 {name}；生成了新的密钥。用旧密钥签名的行，从备份还原旧密钥，或重新签名（aha "
        "store trust 模块）之后即可读取"
    ),
    "{file} was open to others (rights {rights}), {outcome}; if one of them may have read it, delete it and sign "
    "anew what is stored: aha store trust MODULE": (
        "{file} 曾对他人开放（权限 {rights}），{outcome}；如果可能有人读过，请删除它，并重新签名：aha store trust 模块"
    ),
    "it is its owner's alone from now on": "现已改为仅所有者可用",
    "and that cannot be changed ({error})": "而且无法更改（{error}）",
}

_IN_QUARANTINE = {
    "its bytes are not those that were written": "字节与写入时不同",
    "its checksum is damaged": "校验和已损坏",
    "its place in the order is damaged": "它在顺序中的位置已损坏",
    "its signature is damaged": "签名已损坏",
    "it could not be read": "无法读取",
    "damaged in the journal, {file} at {offset}: {what}": "日志 {file} 在 {offset} 处已损坏：{what}",
    "the database refuses it: {error}": "数据库拒绝它：{error}",
    "{id} of the quarantine was put back in its place": "隔离区中的 {id} 已放回它的位置",
    "they belong to another database than the one that is configured now": "它们属于另一个数据库，不是现在配置的这个",
    "an older state of the database has been put back than the one that they follow": (
        "还原的数据库比它们所接续的状态更旧"
    ),
    "they are from an older state of the data folder than the database": "它们所属的数据目录状态比数据库更旧",
}

IN_STORES: Mapping[str, str] = MappingProxyType({**_KEYS_AND_VALUES, **_DOOR, **_JOURNAL, **_TABLE, **_IN_QUARANTINE})
