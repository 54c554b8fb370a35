"""Why a class that a row names is not made, as this package says it to itself; `values` adds the key and the remedy."""


class Refused(Exception):  # noqa: N818 - reads as the sentence it is
    """Only a row that this installation has written may name this, or use it so."""


class Gone(Exception):  # noqa: N818 - reads as the sentence it is
    """Nothing of this name is there; `why` says what was tried, if not only looking."""

    def __init__(self, place: str, why: str = "") -> None:
        super().__init__(place)
        self.why = why
