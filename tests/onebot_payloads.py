"""The OneBot payloads under tests/data/onebot, each with an id for a table of scenarios."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).parent / "data" / "onebot"


def payloads(file: str) -> list[Any]:
    """Return the items of a file, without its header."""
    return json.loads((_FOLDER / f"{file}.json").read_text(encoding="utf-8"))["items"]


def events() -> list[Any]:
    """Return every event of every file as a pytest parameter."""
    found = [("matcha", item) for item in payloads("captured_matcha_events")]
    found += [("napcat", item["event"]) for item in payloads("napcat_docs_events")]
    found += [("nonebot", item) for item in payloads("spec_nonebot_adapter_onebot")]
    names = ("post_type", "message_type", "notice_type", "request_type", "meta_event_type", "sub_type")
    return [
        pytest.param(event, id="-".join([source, str(number), *(event[name] for name in names if name in event)]))
        for number, (source, event) in enumerate(found)
    ]
