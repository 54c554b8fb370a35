"""What Aha says of its configuration, its folder and the names of modules, in Chinese; see `chinese`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VALUES = {
    "{place}: expected {expected}, found {found}": "{place}：应为：{expected}，实为：{found}",
    "expected {expected}, found {found}": "应为：{expected}，实为：{found}",
    '{place} is taken for an Aha ID; for an account write its platform, too: "QQ:{number}"': (
        '{place} 被当作 Aha ID；如果是账号，请连平台一起写："QQ:{number}"'
    ),
    "environment variable {name}: {error}": "环境变量 {name}：{error}",
    "environment variable {name}": "环境变量 {name}",
    "environment variable {name}: there is no key {key}": "环境变量 {name}：没有键 {key}",
    "{key} is no key of Aha; is it {meant}?": "{key} 不是 Aha 的键；是不是 {meant}？",
    "{key} is no key of Aha": "{key} 不是 Aha 的键",
    "bots: two bots have the id {id}; give each its own id": "bots：有两个机器人的 id 都是 {id}；请各用各的 id",
    "{place}: nothing is called that in a OneBot bot; there are: {names}": (
        "{place}：OneBot 机器人没有这项设置；现有：{names}"
    ),
    "{place}: the database URL {url} cannot be read: {remedy}": "{place}：数据库地址 {url} 无法识别：{remedy}",
    "{place}: the database URL {url} is of kind {kind}, which is not supported: {remedy}": (
        "{place}：不支持数据库地址 {url} 的类型 {kind}：{remedy}"
    ),
    "--adapter {name}: there is no such adapter; there are: {names}": "--adapter {name}：没有这个适配器；现有：{names}",
}

_FILES = {
    "{file} is not read: call it config.yml, or name it with --config": (
        "没有读取 {file}：请改名为 config.yml，或用 --config 指定"
    ),
    "{place}: this is a folder; name the file in it": "{place}：这是目录；请写明其中的文件",
    "{place} leads to {target}, which is not there: correct the link, or remove it": (
        "{place} 指向不存在的 {target}：请改正这个链接，或删除它"
    ),
    "{place}: there is no such file; create it or leave out its name": "{place}：没有这个文件；请创建它，或不要指定它",
    "{place}: cannot be read: {error}; {remedy}": "{place}：无法读取：{error}；{remedy}",
    "{place}: cannot be written: {error}; {remedy}": "{place}：无法写入：{error}；{remedy}",
    "see to that, or name another file": "请解决，或另写一个文件名",
    "{place}: the file exists already; move it away or name another": "{place}：文件已存在；请移走它，或另写一个文件名",
    "{place}: not UTF-8 (byte 0x{byte}); save it as UTF-8": "{place}：不是 UTF-8（字节 0x{byte}）；请保存为 UTF-8",
    "{place}: nested too deeply, or a part that holds itself": "{place}：嵌套太深，或有一部分包含了自身",
    "{place}: not valid YAML: {error}": "{place}：不是有效的 YAML：{error}",
    "{place}: a tab in the indentation; use spaces": "{place}：缩进里有制表符；请改用空格",
    "{place}: a full-width colon (：) after a key; write : and a space": (
        "{place}：键后面是全角冒号（：）；请改成英文冒号（:）和一个空格"
    ),
    '{place}: a key where none can be; indent the keys of a section alike, and put text that has ": " in quotes': (
        "{place}：这里不能有键；同一节里的键要对齐，含冒号和空格的文本要加引号"
    ),
    "{place}: a space before {key} that YAML does not take for one (U+{code}); write spaces of the usual kind": (
        "{place}：{key} 前面的空格 YAML 不认（U+{code}）；请改成普通空格"
    ),
    "{place}: the key {key} is here for the second time; keep one of the two": (
        "{place}：键 {key} 第二次出现；请只保留一处"
    ),
    '{place}: expected keys such as "aha:" at the start of the line, found something else': (
        '{place}：行首应为 "aha:" 这样的键，实为别的内容'
    ),
    "{file} cannot be used ({error}): {remedy}": "{file} 无法使用（{error}）：{remedy}",
    "let this user write there, or take another folder": "请让当前用户可以写入，或换一个目录",
    "correct the path, or make the folder that it lies in": "请改正路径，或先建好它所在的目录",
    "a file is there in place of a folder, or the other way round: take another name": (
        "那里本该是目录却是文件，或正好相反：请换一个名字"
    ),
    "make room there, or take another folder": "请腾出空间，或换一个目录",
    "see to that, and try again": "请解决后重试",
}

_NAMES = {
    "a module cannot be called {name}: {problem}": "模块不能叫 {name}：{problem}",
    "a module cannot be called {name}: names that begin with _ or {prefix} are not loaded": (
        "模块不能叫 {name}：以 _ 或 {prefix} 开头的不会载入"
    ),
    "{place} has that name already; take another one": "{place} 已经用了这个名字；请换一个",
    "{file} is there already; remove it, or take another name": "{file} 已存在；请删除它，或换一个名字",
    "{file} is there already; remove or rename one of the two": "{file} 已存在；请删除其中一个，或给它改名",
    "module {name} is on already": "模块 {name} 已经启用",
    "module {name} is disabled already": "模块 {name} 已经停用",
    "module {name} cannot be renamed: {where}: {problem}": "模块 {name} 无法改名：{where}：{problem}",
    "module {name} comes with Aha: leave it out of a run with --exclude {name2}": (
        "模块 {name} 是 Aha 自带的：运行时可用 --exclude {name2} 排除"
    ),
    "there is no module {name} in {folder}/; there are: none": "{folder}/ 里没有模块 {name}；一个也没有",
    "there is no module {name} in {folder}/; there are: {names}": "{folder}/ 里没有模块 {name}；现有：{names}",
}

CONFIG: Mapping[str, str] = MappingProxyType({**_VALUES, **_FILES, **_NAMES})

# What a value has to be, or is. These words mean that in no other place, so only the gaps expected and found have them.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "{found} (put it in quotes)": "{found}（请加上引号）",
        "{found} (write : instead of ：)": "{found}（请写英文冒号，不要写 ：）",
        "{found} (each item begins with - )": "{found}（每一项以 - 开头）",
        "{found} (a space has to follow the colon)": "{found}（冒号后面要有空格）",
        "one of {choices}": "其中之一：{choices}",
        "true or false": "true 或 false",
        "a whole number": "整数",
        "a whole number, 0 or more": "整数，0 或更大",
        "a whole number, 1 or more": "整数，1 或更大",
        "a whole number above 0": "大于 0 的整数",
        "a whole number from 0 to 65535": "0 到 65535 的整数",
        "a number": "数",
        "a number, 0 or more": "数，0 或更大",
        "a number of seconds above 0": "大于 0 的秒数",
        "text": "文本",
        "text that begins with /": "以 / 开头的文本",
        "text, the address to listen at, such as 127.0.0.1": "文本，监听的地址，如 127.0.0.1",
        "text of ASCII letters, digits and signs, in quotes": "由 ASCII 字母、数字、符号组成、写在引号里的文本",
        "other text": "别的文本",
        "an address such as {url}": "{url} 这样的地址",
        "forward or reverse": "forward 或 reverse",
        "a path": "路径",
        "a date": "日期",
        "a date with time": "带时间的日期",
        "a list": "列表",
        "a mapping": "映射",
        "a section with keys": "含有键的一节",
        "a section for each module": "每个模块各一节",
        'accounts such as "QQ:12345" or Aha IDs': '"QQ:12345" 这样的账号或 Aha ID',
        'the name of an adapter ("adapter: onebot")': '适配器的名字（"adapter: onebot"）',
        "an id that no other bot has": "与其他机器人不同的 id",
        "a lone !": "单独的“!”",
        "nothing": "空",
        "none": "没有",
        "something else": "别的内容",
    }
)
