"""The socket of a bot: whether it is there, where, and for whom."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aha.control.client import NoBot, tell
from aha.control.sockets import SOCKET_FILE, connected, listening
from aha.control.wishes import Wish
from models.exc import AhaError
from tests.integration.control.stand_in import told


async def test_without_a_bot_that_is_said(bot, tmp_path):
    async with bot() as data:
        pass
    assert not (data / SOCKET_FILE).exists()
    listening(data).close()  # as if the bot had been killed
    for folder in (data, tmp_path / "nowhere", tmp_path / ("n" * 150)):
        with pytest.raises(NoBot, match="no bot runs with the data folder"):
            await told(folder, Wish("reload"))


async def test_the_socket_of_a_killed_bot_is_replaced(bot, tmp_path, caplog):
    data = tmp_path / "data"
    data.mkdir()
    listening(data).close()
    async with bot():
        assert (await told(data, Wish("reload"))).ok
    assert not caplog.records


async def test_a_file_in_the_place_of_the_socket_stays(bot, tmp_path, caplog):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / SOCKET_FILE).write_text("mine")
    async with bot() as data:
        assert "aha.sock is there and is no socket: remove it" in caplog.text
    assert (data / SOCKET_FILE).read_text() == "mine"


async def test_a_folder_without_sockets_keeps_no_bot_from_running(bot, monkeypatch, caplog):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    async with bot():
        pass
    assert "aha reload cannot reach this bot" in caplog.text
    assert "Operation not permitted" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="long paths are for Linux only")
@pytest.mark.parametrize("length", [60, 200, 1000], ids=str)
@pytest.mark.parametrize("letter", "x数")
async def test_the_path_of_the_data_folder_may_be_long(bot, tmp_path, length, letter):
    data = tmp_path
    while len(str(data)) < len(str(tmp_path)) + length:
        data /= letter * 60
    async with bot(data=data):
        assert (await told(data, Wish("reload"))).ok
        assert (data / SOCKET_FILE).is_socket()
    assert not (data / SOCKET_FILE).exists()


async def test_nobody_else_may_connect_at_any_moment(tmp_path):
    made = listening(tmp_path)
    assert stat.S_IMODE((tmp_path / SOCKET_FILE).stat().st_mode) == 0o600
    with pytest.raises(ConnectionRefusedError):  # it does not listen yet
        connected(tmp_path)
    made.close()


@pytest.fixture
def open_folder():
    """A folder that everybody may enter."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
async def test_another_user_is_refused(bot, reloader, open_folder):
    async with bot(data=open_folder):
        os.seteuid(65534)
        try:
            with pytest.raises(AhaError, match="is another user's: be that user"):
                tell(open_folder, Wish("reload"))
        finally:
            os.seteuid(0)
    assert reloader.asked.empty()
