"""The application: command line, life cycle and wiring. Modules import nothing of it but `aha.testing`."""

__version__ = "0.1.0"
