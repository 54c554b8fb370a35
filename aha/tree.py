"""Makes sure that `core`, `models` and the like are Aha's own: they are names that others use as well."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("bots", "core", "models", "modules", "services", "utils")

_TREE = Path(__file__).resolve().parent.parent


def intruder() -> str | None:
    """Return one line that names the first package that Python would take from elsewhere, or None. It imports none."""
    for name in PACKAGES:
        try:
            spec = find_spec(name)
        except ValueError:  # it is loaded and has no spec: nothing of ours
            spec = None
        origin = spec.origin if spec else None
        if origin is None or Path(origin).resolve() != _TREE / name / "__init__.py":
            return _complaint(name, origin)
    return None


def _complaint(name: str, origin: str | None) -> str:
    if origin is None:
        return f"the package {name} of Aha is missing; install aha-bot anew"
    return (
        f"{origin} stands in the way of Aha's own package {name}: rename or remove it, "
        "take its folder out of PYTHONPATH, or start with `aha` instead of `python -m aha`"
    )
