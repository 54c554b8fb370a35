"""SimpleStore, a dict that is still there after a restart; for more than a little data, use a table of your own."""

from services.data_store.parting import Parting, look
from services.data_store.store import SimpleStore
from services.data_store.stores import close_stores, flush_stores, load_stores, open_stores, write_stores

__all__ = [
    "Parting", "SimpleStore", "close_stores", "flush_stores", "load_stores", "look", "open_stores", "write_stores",
]  # fmt: skip
