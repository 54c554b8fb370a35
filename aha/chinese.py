"""What Aha says in one line, in Chinese, by what it says in English. Only words: `telling` finds what is meant.

A name in braces stands for what differs; the two texts have the same ones.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from .chinese_config import CONFIG
from .chinese_reload import RELOAD
from .chinese_store import IN_STORES

if TYPE_CHECKING:
    from collections.abc import Mapping

_START = {
    "ready: {modules}; {adapters}; {database}; {seconds} s": "已就绪：{modules}；{adapters}；{database}；{seconds} 秒",
    "ready: {modules}, {n} off ({names}); {adapters}; {database}; {seconds} s": (
        "已就绪：{modules}，另有 {n} 个停用（{names}）；{adapters}；{database}；{seconds} 秒"
    ),
    "1 module": "1 个模块",
    "{n} modules": "{n} 个模块",
    "no module is on; write one with: aha new hello": "没有可运行的模块；新建一个：aha new hello",
    "stopping": "正在停止",
    "stopping; another signal ends all waiting": "正在停止；再发一次信号则不再等待",
    "stopped": "已停止",
    "the process ends without what does not end by itself: {names}; a task has to end when it is cancelled, a thread "
    "when @on_cleanup tells it to": (
        "以下没有自行结束，进程不再等待：{names}；任务被取消时必须结束，线程要由 @on_cleanup 通知它结束"
    ),
    "the process ends without all that was given to atexit: some of it takes too long": (
        "交给 atexit 的函数耗时太长，进程不再等待"
    ),
    "module {name} is off, it failed to import: {error}": "模块 {name} 已停用，导入失败：{error}",
    "module {name} is off, it failed to have its tables: {error}": "模块 {name} 已停用，无法更新它的表：{error}",
    "module {name} is off, it failed to load its SimpleStore: {error}": (
        "模块 {name} 已停用，无法载入它的 SimpleStore：{error}"
    ),
    "module {name} is off, it failed to start: {error}": "模块 {name} 已停用，启动失败：{error}",
    "callback {callback} of module {module} failed on {event}": "模块 {module} 的回调 {callback} 处理 {event} 时出错",
    "{error}; correct it and start again": "{error}；请修正后重新启动",
    "{error}; install what the module needs into this Python environment": (
        "{error}；请把模块需要的包安装到这个 Python 环境"
    ),
    "module {name} is off: {where}: {problem}": "模块 {name} 已停用：{where}：{problem}",
    "{name} is a word of the Python language; rename it, for example to {wanted}_": (
        "{name} 是 Python 的关键字；请改名，例如 {wanted}_"
    ),
    "its name cannot be imported by Python; rename it, for example to {wanted}": (
        "Python 无法导入这个名字；请改名，例如 {wanted}"
    ),
    "it has no __init__.py; add one, or begin the folder's name with {prefix}": (
        "缺少 __init__.py；请补上，或在目录名前加上 {prefix}"
    ),
    "the module is one folder deeper, in {place}; move that folder up": (
        "模块在下一层目录 {place} 里；请把那个目录移上来"
    ),
    "this user may not read it; allow it (chmod -R a+rX), or give it to this user (chown -R)": (
        "当前用户无权读取它；请允许读取（chmod -R a+rX），或把它交给当前用户（chown -R）"
    ),
    "Aha comes with a module of that name; rename yours": "Aha 自带同名模块；请给你的模块改名",
    "{places} have the same name; rename or remove one, or begin its name with {prefix}": (
        "{places} 同名；请改名或删除其中一个，或在名字前加上 {prefix}"
    ),
    "the log file {file} cannot be written: {error}; what is logged stands here only, until it can": (
        "日志文件 {file} 无法写入：{error}；能写入之前，日志只出现在这里"
    ),
    "what has to wait in the tables of module {name} waits on: {error}": (
        "模块 {name} 的表中暂缓的内容继续等待：{error}"
    ),
    "another process is migrating this database; waiting for it": "另一个进程正在更新这个数据库，等待它完成",
    "{names} waits for tables that others use, and tries again: {error}": (
        "{names} 要更新的表正被占用，稍后重试：{error}"
    ),
    "still migrating {table}, {seconds} s": "仍在更新 {table}，已用 {seconds} 秒",
    "there is no database {file} yet: it counts as empty": "还没有数据库 {file}：按空数据库处理",
}

_TABLES = {
    "its tables could not be brought up to date: {error}; {remedy}": "无法更新它的表：{error}；{remedy}",
    "its tables cannot be compared with the database: {error}; {remedy}": "无法把它的表与数据库比较：{error}；{remedy}",
    "its tables have to be changed, and no backup could be made before: {error}; see to that, or start with "
    "--no-db-backup": "更新它的表之前没能备份：{error}；请先解决，或用 --no-db-backup 启动",
    "{error}; have the schema made: CREATE SCHEMA {schema}; GRANT USAGE, CREATE ON SCHEMA {schema2} TO {role}": (
        "{error}；请先建好这个 schema：CREATE SCHEMA {schema}; GRANT USAGE, CREATE ON SCHEMA {schema2} TO {role}"
    ),
    "{error}; let the bot's role do that (GRANT ... ON ... TO {role}), or make it the owner (... OWNER TO {role2})": (
        "{error}；请授权给机器人的角色（GRANT ... ON ... TO {role}），或让它成为所有者（... OWNER TO {role2}）"
    ),
    "{error}; have what brings it installed (CREATE EXTENSION ...), or take another type": (
        "{error}；请安装提供它的扩展（CREATE EXTENSION ...），或换一种类型"
    ),
    "{error}; others use it: end them (pg_stat_activity shows which), then try again": (
        "{error}；它正被占用：请结束占用它的连接（见 pg_stat_activity），再试一次"
    ),
    "{error}; SQLite has no schemas: declare the table without one, or use PostgreSQL": (
        "{error}；SQLite 没有 schema：声明时请去掉，或改用 PostgreSQL"
    ),
    "{error}; its data is as it was; show this line to the author of the module": (
        "{error}；数据没有改动；请把这一行告诉模块的作者"
    ),
    "its data is as it was; show this line to the author of the module": "数据没有改动；请把这一行告诉模块的作者",
    "table {table} cannot be made on {database} as it is declared: {error}": (
        "按现在的声明，无法在 {database} 上建表 {table}：{error}"
    ),
    "{error}; correct the declaration, or use a type that both databases have": (
        "{error}；请修正声明，或改用两种数据库都有的类型"
    ),
    "{error}; have the right given: GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}": (
        "{error}；请授予权限：GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}"
    ),
    "{column} refers to {target}, which does not exist: module {module} has the tables {tables}; another module's "
    "table is written t__module, and that module must be on": (
        "{column} 引用的 {target} 不存在：模块 {module} 的表有 {tables}；"
        "其他模块的表要写成 t__module，那个模块也必须启用"
    ),
    "{column} refers to {target}, which does not exist: correct the name, or turn on the module that has it": (
        "{column} 引用的 {target} 不存在：请改正名字，或启用它所在的模块"
    ),
    "{column} of module {module}, which runs, refers to {target}, which would be gone: change that module, too, and "
    "start the bot again": (
        "正在运行的模块 {module} 的 {column} 引用 {target}，而它将不复存在：请把那个模块也改好，再重新启动机器人"
    ),
    "the tables of module {module}, which runs, would have to go along with the change, and cannot before it is loaded "
    "anew: start the bot again": "正在运行的模块 {module} 的表须随之更改，而它要重新加载后才行：请重新启动机器人",
    "table {table} of {module} is declared twice: give one of the two another __tablename__, import the first where "
    "it is needed, or say extend_existing=True to add to it": (
        "{module} 把表 {table} 声明了两次：请给其中一个换 __tablename__，或在需要的地方导入前一个，或写 "
        "extend_existing=True 在其上补充"
    ),
    "the tables {tables} have to be copied, which takes {needed} MB in {folder}, and {free} MB are free: make room "
    "and start again": "需要复制表 {tables}，在 {folder} 中占 {needed} MB，只剩 {free} MB：请腾出空间，再启动",
    "table {name} belongs to the role {owner}, so the bot's role {role} may not alter it: {remedy}, then start again": (
        "表 {name} 属于角色 {owner}，机器人的角色 {role} 无权修改：请执行 {remedy}，再启动"
    ),
    "the bot's role {role} may not create anything in the schema {schema}: {remedy}, then start again": (
        "机器人的角色 {role} 无权在 schema {schema} 中创建对象：请执行 {remedy}，再启动"
    ),
    "the bot's role {role} may not refer to table {table}: {remedy}, then start again": (
        "机器人的角色 {role} 无权引用表 {table}：请执行 {remedy}，再启动"
    ),
    "table {table}: column {column}: {why}; its data is untouched": "表 {table} 的列 {column}：{why}；数据没有改动",
    "{why}, and afterwards nobody could tell which was which: rename one after the other, each in a release of its "
    "own": ("{why}，之后就分不清哪个是哪个了：请分几个版本逐个改名"),
    "{old} is to be {new}, which is no member of this release, while another is called {old2}": (
        "{old} 要改名为 {new}，而这个版本没有这个成员，{old2} 又是另一个成员的名字"
    ),
    "{old} is now called {new}, but {new2} is still there": "{old} 已改名为 {new}，但 {new2} 还在",
    "{old} and {other} are both now called {new}": "{old} 和 {other} 都改名为 {new}",
    "{name} was renamed in a chain that began with {first}: declare it again, for this release has both": (
        "{name} 是从 {first} 开始依次改名得来的，而这个版本两者都有：请重新声明"
    ),
    "its members take each other's names, and so do those of {old}, which it was: nobody could tell in which rows they "
    "already have. Declare the former name in one release, and those of the members in the next": (
        "它的成员互换名字，它的前身 {old} 的成员也是：分不清哪些行已经换过了。"
        "请先用一个版本声明旧列名，下一个版本再声明成员的旧名"
    ),
    "the {both} both declare that they were {old}: which of them is it? Take it out of the "
    'info={"was": ...} of the other one, or out of its module\'s __was__; until then nothing is changed': (
        "{both} 都声明自己以前是 {old}：到底是哪一个？请从另一个的 "
        'info={{"was": ...}} 或其模块的 __was__ 中去掉它；在此之前什么都不改动'
    ),
    "tables {one} and {other}": "表 {one} 和 {other}",
    "columns of {table} {one} and {other}": "{table} 的列 {one} 和 {other}",
    "members {one} and {other}": "成员 {one} 和 {other}",
    "table {table}: {why}; its data is untouched": "表 {table}：{why}；数据没有改动",
    "{both} both declare that they were {old}: which of them is it? Keep it in that one only": (
        "{both} 都声明自己以前是 {old}：到底是哪一个？请只在那一个里保留"
    ),
    "the tables take names from each other that are in use ({moves}): {remedy}": (
        "表互相占用正在使用的名字（{moves}）：{remedy}"
    ),
    "the columns of {table} take names from each other that are in use ({moves}): {remedy}": (
        "{table} 的列互相占用正在使用的名字（{moves}）：{remedy}"
    ),
    "rename one after the other, each in a release of its own, the first to a name that is free; until then nothing is "
    "changed": "请分几个版本逐个改名，第一个先改成没有用过的名字；在此之前什么都不改动",
    "the database could not be brought up to date: {error}; what was under way was rolled back; {remedy}": (
        "数据库没能更新：{error}；进行到一半的改动已撤销；{remedy}"
    ),
}

_DATABASE = {
    "the database refused: {error}; {remedy}": "数据库拒绝了：{error}；{remedy}",
    "the database cannot be compared with what the modules need: {error}; what was under way was rolled back; "
    "{remedy}": ("无法把数据库与模块的需要比较：{error}；进行到一半的改动已撤销；{remedy}"),
    "let the bot's role do that (GRANT ... ON ... TO {role}), or make it the owner (... OWNER TO {role2})": (
        "请授权给机器人的角色（GRANT ... ON ... TO {role}），或让它成为所有者（... OWNER TO {role2}）"
    ),
    "look at the database's own log": "请查看数据库自己的日志",
    "the database URL {url} cannot be read: {remedy}": "数据库地址 {url} 无法识别：{remedy}",
    "the database URL {url} is of kind {kind}, which is not supported: {remedy}": (
        "不支持数据库地址 {url} 的类型 {kind}：{remedy}"
    ),
    "write sqlite:///folder/file.db or postgresql://user:password@host/database": (
        "请写成 sqlite:///folder/file.db 或 postgresql://user:password@host/database"
    ),
    "the database {url} cannot be used: {error}; {remedy}": "无法使用数据库 {url}：{error}；{remedy}",
    "check that the folder exists, that the disk has room and that this user may write there": (
        "请检查目录是否存在、磁盘是否有空间、当前用户能否写入"
    ),
    "check that the server runs, and host, port, user, password, database name and options in the URL": (
        "请检查服务器是否在运行，以及地址中的主机、端口、用户、密码、数据库名和选项"
    ),
    "name the database's own file; a backup is put back with: aha db restore FILE": (
        "请写数据库文件本身；还原备份请用：aha db restore 文件"
    ),
    "the database {file} is a folder: write sqlite:///folder/file.db": (
        "{file} 是目录，不是数据库：请写成 sqlite:///folder/file.db"
    ),
    "there is no database {file}: go to the folder of your bot, or start the bot first": (
        "没有数据库 {file}：请进入机器人的目录，或先启动机器人"
    ),
    "there is no database {file}: check aha.database.url, or start the bot first": (
        "没有数据库 {file}：请检查 aha.database.url，或先启动机器人"
    ),
    "there is no database {file}: check the URL": "没有数据库 {file}：请检查地址",
}

_BACKUP = {
    "there is no backup {file}: aha db backup makes one": "没有备份 {file}：用 aha db backup 做一份",
    "{file} cannot be read as a backup: {error}; take another backup": "{file} 无法作为备份读取：{error}；请换一份备份",
    "the backup {file} is damaged: {name} is not what was written; take another backup": (
        "备份 {file} 已损坏：{name} 与写入时不同；请换一份备份"
    ),
    "{file} is a backup of a {kind} database: restore it to one (sqlite:///FILE or postgresql://...), then: aha db "
    "copy FROM_URL TO_URL": (
        "{file} 是 {kind} 数据库的备份：请先还原到同类数据库（sqlite:///文件 或 postgresql://...），"
        "再用：aha db copy 源地址 目标地址"
    ),
    "{what} has tables already: restore to an empty database, or say that this one may be overwritten (--overwrite); "
    "what is there is saved first": ("{what} 里已有表：请还原到空数据库，或用 --overwrite 允许覆盖；现有内容会先备份"),
    "{file} is open in another process: stop the bot (and close other programs that have it open)": (
        "{file} 正被另一个进程打开：请先停止机器人（并关闭其他打开它的程序）"
    ),
    "the database {name} is open in a bot on {where} ({n} connections): stop the bot first": (
        "数据库 {name} 正被 {where} 上的机器人使用（{n} 个连接）：请先停止机器人"
    ),
    "no backup can be written to {folder}: {error}; let this user write there": (
        "无法把备份写入 {folder}：{error}；请让当前用户可以写入"
    ),
    "no backup could be made in {folder}: {error}; see to that and try again": (
        "没能在 {folder} 中做备份：{error}；请解决后重试"
    ),
    "{what} takes up to {needed} MB in {folder}, and {free} MB are free: make room there, or remove old backups": (
        "{what} 在 {folder} 中最多需要 {needed} MB，只剩 {free} MB：请腾出空间，或删除旧备份"
    ),
    "a database in memory has no file to back up or restore: write sqlite:///folder/file.db": (
        "内存数据库没有可备份或还原的文件：请写成 sqlite:///folder/file.db"
    ),
    "copy is for moving between SQLite and PostgreSQL; for the same kind: aha db backup, then aha db restore": (
        "copy 用于在 SQLite 与 PostgreSQL 之间搬迁；同类数据库请用：aha db backup，再 aha db restore"
    ),
    "the target has tables of a bot already ({tables}): copy to an empty database": (
        "目标数据库里已有机器人的表（{tables}）：请复制到空数据库"
    ),
    "the source is not up to date ({what}): start the bot on it once, or: aha db migrate": (
        "源数据库不是最新的（{what}）：请先用它启动一次机器人，或运行 aha db migrate"
    ),
    "{problems}: correct or delete them, then copy again": "{problems}：请修正或删除，再复制",
}

_COMMANDS = {
    "broken off": "已中断",
    "there is no folder {folder} in {place}: go to the folder of your bot, name one with --modules DIR, or begin "
    "with: aha new hello": (
        "{place} 里没有目录 {folder}：请进入机器人的目录，或用 --modules 目录 指定，或从头开始：aha new hello"
    ),
    "{source} {file}: there is no such file; write one with: aha config --write --config {file2}": (
        "{source} {file}：没有这个文件；生成一份：aha config --write --config {file2}"
    ),
    "{option} {name}: there is no such module; {modules}": "{option} {name}：没有这个模块；{modules}",
    "there are: {names}": "现有：{names}",
    "there are none; write one with: aha new hello": "一个模块也没有；新建一个：aha new hello",
    "--load-only {name}: this module cannot run: {reason}": "--load-only {name}：这个模块无法运行：{reason}",
    "it is disabled (aha modules enable {name})": "它已被停用（启用：aha modules enable {name}）",
    "--module {name}: no table belongs to it; values are kept of: {names}": (
        "--module {name}：没有表属于它；另行保留了值的模块：{names}"
    ),
    "say what is to go: aha db prune NAME...; aha db unused lists what there is": (
        "请写明要删除什么：aha db prune 名称...；可删除的内容见 aha db unused"
    ),
    "{name} is nothing that is unused or kept; there is: {names}": "{name} 不是不再使用或另行保留的内容；现有：{names}",
    "the data folder {folder} is in use by process {who} since {since}: {remedy}": (
        "数据目录 {folder} 正被进程 {who} 使用（自 {since} 起）：{remedy}"
    ),
    "the data folder {folder} is in use by another process: {remedy}": "数据目录 {folder} 正被另一个进程使用：{remedy}",
    "stop it first, or give this one a folder of its own (aha.data_dir)": (
        "请先停止它，或用 aha.data_dir 另设一个数据目录"
    ),
    "the data folder {folder} cannot be locked ({error}): see to it yourself that no second bot uses it": (
        "无法锁定数据目录 {folder}（{error}）：请自行确保没有第二个机器人使用它"
    ),
    "{name} belongs to module {module}, which may need it: do not leave that one out": (
        "{name} 属于模块 {module}，它可能还要用：请不要把它排除在外"
    ),
    "{name} may be needed yet: module {module} has an on_start that has not succeeded since the change of its tables; "
    "start the bot first": (
        "{name} 可能还用得到：模块 {module} 的表更新之后，它的 on_start 还没有成功过；请先启动机器人"
    ),
    "there is no terminal to ask at: say --yes if all of that is to go": "没有终端可供确认：确定全部删除，请加 --yes",
    "module {name} is off, and what it needs is not known: correct it, or leave it out (--exclude)": (
        "模块 {name} 已停用，无法知道它需要什么：请修正它，或把它排除在外（--exclude）"
    ),
    "the database is not up to date, and modules may need that yet: first aha db migrate": (
        "数据库不是最新的，模块可能还用得到：请先运行 aha db migrate"
    ),
    "{names} cannot be removed: {error}; remove what needs it first, then try again": (
        "无法删除 {names}：{error}；请先删除依赖它的内容，再重试"
    ),
    "{table} cannot be removed: rows of {other} refer to it; remove that table as well, or its foreign key": (
        "无法删除 {table}：{other} 的行引用着它；请连同那张表或它的外键一起删除"
    ),
    "{table} cannot be removed: {kind} {name} needs it; remove that first": (
        "无法删除 {table}：{kind} {name} 依赖它；请先删除后者"
    ),
}

_STORES = {
    "module {module} has no SimpleStore here; there are: {names}": (
        "模块 {module} 在这里没有 SimpleStore；现有：{names}"
    ),
    "the SimpleStore of module {module} has no key {key}; aha store show {module2} lists them": (
        "模块 {module} 的 SimpleStore 没有键 {key}；aha store show {module2} 可列出所有键"
    ),
    "table {table} cannot be read: {error}; {remedy}": "无法读取表 {table}：{error}；{remedy}",
    "the file is damaged: restore a backup (aha db restore FILE)": "文件已损坏：请还原备份（aha db restore FILE）",
    "the journal in {folder} cannot be read ({error})": "无法读取 {folder} 中的日志（{error}）",
    "{n} changes in the journal in {folder} are left out: {reason}": (
        "{folder} 的日志中有 {n} 处改动没有计入：{reason}"
    ),
    "they belong to another database than the one that is configured now": "它们属于另一个数据库，不是现在配置的这个",
    "an older state of the database has been put back than the one that they follow": (
        "数据库已还原到比它们所依据的更早的状态"
    ),
    "they are from an older state of the data folder than the database": "它们来自比数据库更早的数据目录",
    "module {name} cannot be imported, so its classes are not there: {error}": (
        "模块 {name} 无法导入，因此没有它的类：{error}"
    ),
    "the value for key {key} is damaged: its bytes are not those that were written": (
        "键 {key} 的值已损坏：字节与写入时不同"
    ),
    "{n} changes of module {name} wait, and the database does not take them: what it said stands above": (
        "模块 {name} 有 {n} 处改动在等待，数据库不接受它们：原因见上文"
    ),
    "changes of module {name}, which has no table, wait in the journal: start the bot once": (
        "日志中有模块 {name} 的改动，而它没有表：请先启动一次机器人"
    ),
    "table {table} is of an older release of Aha: start the bot once, or: aha db migrate": (
        "表 {table} 属于旧版本的 Aha：请先启动一次机器人，或运行 aha db migrate"
    ),
    "the SimpleStore of module {module} would hold {used} of {limit} MB (aha.store.max_mb): allow more first": (
        "模块 {module} 的 SimpleStore 将占 {used} MB，上限为 {limit} MB（aha.store.max_mb）：请先提高上限"
    ),
    "nothing can be signed: {error}": "无法签名：{error}",
    "the SimpleStore of module {module} has changed meanwhile: look again": (
        "模块 {module} 的 SimpleStore 刚刚有了改动：请重新查看"
    ),
    "{file} is there already: name another file, or remove it": "{file} 已存在：请换个文件名，或先删除它",
    "{file} cannot be written ({error}): name a file in a folder that is there and yours to write in": (
        "无法写入 {file}（{error}）：请指定一个已存在且可写的目录里的文件"
    ),
    "{file} cannot be read ({error}): name a file that aha store export wrote; nothing was changed": (
        "无法读取 {file}（{error}）：请指定 aha store export 写出的文件；没有改动"
    ),
    "{file} is not what aha store export writes: nothing was changed": (
        "{file} 不是 aha store export 写出的文件：没有改动"
    ),
    "the SimpleStore of module {module} has other values under {n} keys ({keys}): nothing was changed; --overwrite "
    "replaces them": "模块 {module} 的 SimpleStore 有 {n} 个键的值不同（{keys}）：没有改动；加 --overwrite 则替换",
    "the SimpleStore of module {module} has key {key} again: nothing was changed; --overwrite replaces it": (
        "模块 {module} 的 SimpleStore 又有了键 {key}：没有改动；加 --overwrite 则替换"
    ),
    "the value for key {key} is no pickle in base64: nothing was changed": (
        "键 {key} 的值不是 base64 形式的 pickle：没有改动"
    ),
    "the value for key {key} is damaged: nothing was changed": "键 {key} 的值已损坏：没有改动",
    "key {key} has {place}, and was not signed here: nothing was changed; if you know who wrote the file, say "
    "--trust": ("键 {key} 含有 {place}，且不是在这里签名的：没有改动；如果知道文件是谁写的，请加 --trust"),
    "nothing can be made of {id}: look at it with: aha store quarantine export {id2} FILE": (
        "{id} 已无法还原：可以查看：aha store quarantine export {id2} 文件"
    ),
    "{id} is not in quarantine: aha store quarantine lists what is": (
        "{id} 不在隔离区：用 aha store quarantine 列出其中的内容"
    ),
    "say whose changes: --module NAME; there are those of: {names}": "请写明是谁的改动：--module 名称；现有：{names}",
    "there is no terminal to ask at: say --yes if that is what you want": "没有终端可供确认：确定的话，请加 --yes",
}

CHINESE: Mapping[str, str] = MappingProxyType(
    {**_START, **_TABLES, **_DATABASE, **_BACKUP, **_COMMANDS, **_STORES, **CONFIG, **IN_STORES, **RELOAD}
)
