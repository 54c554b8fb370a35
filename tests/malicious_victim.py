"""A module whose classes could be made to act by the rows of `malicious_rows`."""

VICTIM = '''
import collections, datetime, enum, fractions, os, subprocess
from os import system
from pathlib import Path, PurePosixPath

class Colour(enum.Enum):
    RED = 1

class Settings:
    admins = ("owner",)
    command = "true"

class Runs:
    """Acts when it is constructed; objects of it are pickled without that."""
    def __init__(self, *given, **named):
        for path in (*given, *named.values()):
            for part in path if isinstance(path, list) else [path]:
                if isinstance(part, str):
                    Path(part).touch()

class Job(subprocess.Popen):
    pass

class Callable_:
    def __call__(self, path):
        Path(path).touch()

class Sink:
    def append(self, path):
        Path(path).touch()
    extend = append
    add = append
    def __setitem__(self, key, path):
        Path(path).touch()

class Stateful:
    def __setstate__(self, state):
        self.__dict__.update(state["all"])

class Words(list):
    pass

class Failure(Exception):
    pass

class Slotted:
    __slots__ = ("value",)

class Meta(type):
    def __call__(cls, path):
        Path(path).touch()

class Trap:
    """Acts when it is called without arguments."""
    def __init__(self):
        Path(Settings.trap).touch()

class AttrDict(dict):
    __getattr__ = dict.__getitem__

class AttrList(list):
    def __getattribute__(self, name):
        return object.__getattribute__(self, "__dict__").get(name) or object.__getattribute__(self, name)

class Guided:
    @property
    def path(self):
        return None
    @path.setter
    def path(self, path):
        Path(path).touch()

class Watchful:
    def __setattr__(self, name, path):
        Path(path).touch()

class Crash(Exception, Guided):
    __setattr__ = Watchful.__setattr__

class Odd:
    """Acts when it is taken for something else."""
    def __iter__(self):
        Path(Settings.trap).touch()
        return iter(())
    __index__ = __fspath__ = __str__ = __int__ = __float__ = __len__ = __bytes__ = __iter__
    keys = items = casefold_parts = normcase = acquire = as_integer_ratio = lambda self, *_: self.__iter__()

class Way(PurePosixPath):
    pass

class Ratio(fractions.Fraction):
    pass

class Ledger(collections.OrderedDict):
    pass

class Tally(collections.Counter):
    pass

class Name(str):
    pass

class Count(int):
    pass

class Members(tuple):
    pass

class Missing(OSError):
    pass

class Zone(datetime.tzinfo):
    def utcoffset(self, moment):
        return datetime.timedelta(0)

class Shelf(collections.UserDict):
    def __setstate__(self, state):
        self.name = state["name"].strip()

def touch(path):
    Path(path).touch()

def __getattr__(name):
    touch(Settings.trap)
    raise AttributeError(name)
'''
