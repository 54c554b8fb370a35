"""Every rule about changed tables, and how rules meet, on both databases: `scenarios` has the stories."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.migration import scenarios
from tests.migration.theatre import perform

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.migration.story import Story

# All take long together, so the default run has one of so many on each database; the rest have a command of their own.
DATABASES = {"sqlite": 30, "postgresql": 60}
_FILES = sorted(path.stem for path in Path(scenarios.__path__[0]).glob("*.py"))
STORIES = [story for name in _FILES for story in import_module(f"{scenarios.__name__}.{name}").STORIES]


def test_every_story_has_a_name_of_its_own():
    names = [story.name for story in STORIES]
    assert len(set(names)) == len(names) >= 80


# What is not as the rules say yet. Each has to go from here as soon as it is: `strict` makes a surprise a failure.
OPEN: dict[str, str] = {}


def case(database: str, story: Story, number: int) -> Any:
    """The test of a story on a database."""
    name = f"{database}-{story.name}"
    reason = OPEN.get(name) or OPEN.get(story.name)
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    if number % DATABASES[database]:
        marks.append(pytest.mark.stories)
    return pytest.param(database, story, id=name, marks=marks)


CASES = [case(database, story, number) for number, story in enumerate(STORIES) for database in DATABASES]


@pytest.mark.parametrize(("make_database", "story"), CASES, indirect=["make_database"])
async def test_story(story: Story, make_database: Callable[[], str], tmp_path: Path) -> None:
    await perform(story, database=make_database(), fresh=make_database, folder=tmp_path)
