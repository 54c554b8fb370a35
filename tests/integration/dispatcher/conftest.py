"""What the tests of the dispatcher share: modules whose callbacks are called, and nothing configured."""

from __future__ import annotations

import pytest

from core.config import cfg
from core.context import Module, entered
from core.dispatcher import dispatcher
from core.expr.facts import limits
from tests.integration.dispatcher.held import Held


@pytest.fixture(autouse=True)
def clean():
    """Nothing is configured, held or counted, before a test and after it."""
    cfg.load(values={}, environ={})
    yield
    dispatcher._holds.clear()
    cfg.reset()
    limits.__init__()


@pytest.fixture
def module():
    """The module `demo`, whose code the test is."""
    module = Module("demo")
    with entered(module):
        yield module
    module.drop()


@pytest.fixture
def calls():
    """What callbacks take down."""
    return []


@pytest.fixture
def log():
    """What two modules hear, one of which is held."""
    log = Held()
    yield log
    log.demo.drop()
    log.other.drop()
