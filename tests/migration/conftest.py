"""Assertions of the theatre tell what they saw, as those of tests do."""

import pytest

pytest.register_assert_rewrite("tests.migration.theatre", "tests.migration.product")
