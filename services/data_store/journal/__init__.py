"""The journal of SimpleStores: each change in a file at once, until the database has it. It knows no values."""

from services.data_store.journal.found import Damage, Found
from services.data_store.journal.journal import JUMP, Journal
from services.data_store.journal.reading import read_journal
from services.data_store.journal.records import Record

__all__ = ["JUMP", "Damage", "Found", "Journal", "Record", "read_journal"]
