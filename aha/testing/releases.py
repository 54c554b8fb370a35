"""Releases of a module for its tests: files in a folder of their own, from a text or from git. It runs none of them."""

from __future__ import annotations

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from textwrap import dedent
from typing import TYPE_CHECKING

from models.exc import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def release(
    module: str | Path,
    source: str | Mapping[str, str] | None = None,
    *,
    folder: str | Path,
    git: str | None = None,
) -> Path:
    """Write one release of a module into a new folder below `folder`; return its path, as `running_bot` wants it.

    `module` is the module's name or path; all its releases have the same name. `source` is its code, or, for a package,
    the code of each of its files: `{"__init__.py": ..., "database.py": ...}`. `git` names a tag or commit instead: then
    `module` is a path inside a working copy, and the release is what git has there.
    Raises UsageError unless there is one of `source` and `git`, or if git does not have it.
    """
    if (source is None) == (git is None):
        raise UsageError("a release is made of one thing: release(module, source, ...) or release(module, git='v1.2')")
    where = Path(mkdtemp(prefix="release-", dir=folder))
    path = Path(module)
    if git is not None:
        return _extract(path.absolute(), git, where)
    if isinstance(source, str):
        written = where / path.with_suffix(".py").name
        _write(written, source)
        return written
    for name, code in (source or {}).items():
        _write(where / path.name / name, code)
    return where / path.name


def _write(path: Path, code: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(code), encoding="utf-8")


def _extract(path: Path, revision: str, where: Path) -> Path:
    # In git's own words the folder of a path that is gone today still exists: the nearest one that is there will do.
    base = next(parent for parent in path.parents if parent.is_dir())
    inside = path.relative_to(base).as_posix()
    command = ["git", "-C", str(base), "archive", "--format=tar", revision, "--", inside]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - git, with a revision the test names
    if done.returncode:
        raise UsageError(f"git has no {path.name} at {revision}: {done.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(where, filter="data")
        else:  # a Python 3.11 before 3.11.4
            archive.extractall(where)  # noqa: S202 - git's own archive
    return where / inside
