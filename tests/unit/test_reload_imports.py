"""What a file imports of other modules, read from its compiled code."""

import dis
from pathlib import Path
from types import CodeType

import pytest
import sqlalchemy

from aha.imports import _imported, _parts, imports_of, is_kept, modules_among

MANY_NAMES = "\n".join(f"name{n} = 'constant {n}'" for n in range(300))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        pytest.param("import modules.b", {"b"}, id="import"),
        pytest.param("import modules.b.deep as d", {"b.deep"}, id="import of a part, under another name"),
        pytest.param("import os, modules.b, modules.c", {"b", "c"}, id="several"),
        pytest.param("from modules import b, c", {"b", "c"}, id="from modules"),
        pytest.param("from modules.b import f, g", {"b.f", "b.g"}, id="from a module"),
        pytest.param("from modules.b import *", {"b.*"}, id="star"),
        pytest.param("from modules.b.database import User", {"b.database.User"}, id="from database"),
        pytest.param("from . import helper", {"a.helper"}, id="relative"),
        pytest.param("from .deep.er import f", {"a.deep.er.f"}, id="relative, deeper"),
        pytest.param("from .. import b", {"b"}, id="relative, another module"),
        pytest.param("from ..b import f", {"b.f"}, id="relative, from another module"),
        pytest.param("from .... import b", set(), id="beyond everything"),
        pytest.param("import os\nfrom json import loads\nimport modulesque.b", set(), id="others"),
        pytest.param("import modules", set(), id="the package itself"),
        pytest.param("def f():\n    import modules.b", {"b"}, id="in a function"),
        pytest.param("class C:\n    async def f(self):\n        from modules import b", {"b"}, id="in a method"),
        pytest.param("f = [lambda: __import__('modules.b')]", set(), id="by a name made at run time"),
        pytest.param("try:\n    import modules.b\nexcept ImportError:\n    b = None", {"b"}, id="under try"),
        pytest.param(f"{MANY_NAMES}\nfrom ..b import f", {"b.f"}, id="behind many names and constants"),
    ],
)
def test_what_a_file_imports(source, names):
    assert imports_of(compile(source, "modules/a/__init__.py", "exec"), "modules.a") == names


def test_the_names_are_those_that_python_itself_would_say():
    folder = Path(sqlalchemy.__file__).parent
    for file in [folder / "__init__.py", folder / "orm" / "mapper.py", folder / "sql" / "compiler.py"]:
        for part in _parts(compile(file.read_bytes(), str(file), "exec")):
            assert list(_imported(part, "a.b.c")) == list(by_dis(part))


def by_dis(code: CodeType):
    before = [None, None]
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            level, wanted = (each.argval for each in before)
            base = ".".join([*"abc"[: 4 - level], *filter(None, [instruction.argval])]) if level else instruction.argval
            yield from (f"{base}.{name}" for name in wanted) if wanted else [base]
        if instruction.opname != "EXTENDED_ARG":
            before = [before[1], instruction]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("b", False), ("b.database", True), ("b.database.User", True), ("b.databases", False), ("b.x.database", False)],
)
def test_only_database_directly_in_a_module_stays(name, kept):
    assert is_kept(name) is kept


def test_who_imports_only_a_database_needs_nothing_anew():
    imports = {"b.database.User", "c.f", "c.database", "_shared.g"}
    assert modules_among(imports) == {"c", "_shared"}
    assert modules_among(imports, with_database={"b"}) == {"b", "c", "_shared"}
