"""A shop for the tests of this folder."""

from __future__ import annotations

import sys

import pytest

from tests.unit.redeclaring.shop import Shop


@pytest.fixture
def shop(module):
    yield Shop(module("shop"))
    for name in [name for name in sys.modules if name.startswith("modules.shop")]:
        del sys.modules[name]
