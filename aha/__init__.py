"""The application: command line, life cycle and wiring. Modules import nothing of it but `aha.testing`."""

from time import perf_counter

__version__ = "0.1.0"

STARTED = perf_counter()
"""When this process began to load Aha, by `time.perf_counter`."""
