"""What a benchmark ran on: the machine and the versions, without the name or any path of it. It measures nothing."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.programs import PEER_PYTHON

OURS = ("aha-bot", "sqlalchemy", "aiosqlite", "asyncpg", "pydantic", "websockets")
PEERS = (
    "aiocqhttp", "quart", "hypercorn", "nonebot2", "nonebot-adapter-onebot", "fastapi", "uvicorn", "uvloop",
    "plyvel", "rocksdict", "diskcache", "sqlitedict",
)  # fmt: skip

ASK = "import json, sys; from importlib.metadata import version; print(json.dumps([*map(version, sys.argv[1:])]))"


def machine() -> str:
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, {platform.machine()}"


def versions() -> dict[str, str]:
    """Return versions by names: Python's, ours, the peers', the databases'."""
    asked = subprocess.run([PEER_PYTHON, "-c", ASK, *PEERS], capture_output=True, text=True, check=True)
    return {
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        **{name: version(name) for name in OURS},
        **dict(zip(PEERS, json.loads(asked.stdout), strict=True)),
        "SQLite": sqlite3.sqlite_version,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
