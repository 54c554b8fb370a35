"""Which configuration file a command reads, and that one which cannot be read is never taken for none."""

from __future__ import annotations

from pathlib import Path

import pytest

from aha.commands.folder import config_file
from models.exc import ConfigError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AHA_CONFIG", raising=False)
    return tmp_path


def test_there_need_be_no_file():
    assert config_file(None) is None


def test_the_usual_file_is_read_also_by_a_link():
    Path("elsewhere.yml").touch()
    Path("config.yml").symlink_to("elsewhere.yml")
    assert config_file(None) == Path("config.yml")


def test_a_usual_file_that_cannot_be_read_is_an_error():
    Path("config.yml").symlink_to("gone.yml")
    with pytest.raises(ConfigError, match=r"^config.yml leads to gone.yml, which is not there: correct the link, or "):
        config_file(None)


def test_a_link_to_itself_is_an_error():
    Path("config.yml").symlink_to("config.yml")
    with pytest.raises(ConfigError, match=r"^config.yml leads to config.yml, which is not there: "):
        config_file(None)


@pytest.mark.parametrize("source", ["--config", "AHA_CONFIG", None], ids=str)
def test_a_folder_is_called_one(source, monkeypatch):
    Path("config.yml").mkdir()
    if source == "AHA_CONFIG":
        monkeypatch.setenv(source, "config.yml")
    named = f"{source} config.yml" if source else "config.yml"
    with pytest.raises(ConfigError) as caught:
        config_file(Path("config.yml") if source == "--config" else None)
    assert str(caught.value) == f"{named}: this is a folder; name the file in it"


@pytest.mark.parametrize("name", ["nope.yml", "none/nope.yml"])
def test_a_named_file_that_is_not_there_is_an_error(name):
    with pytest.raises(ConfigError) as caught:
        config_file(Path(name))
    remedy = f"write one with: aha config --write --config {name}"
    assert str(caught.value) == f"--config {name}: there is no such file; {remedy}"
