"""The application: command line, life cycle and wiring. It holds nothing that a module imports, except `aha.testing`."""

__version__ = "0.1.0"
