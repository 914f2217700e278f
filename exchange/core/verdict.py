"""What a checkpoint is told: admit, cross-check or refuse."""

from enum import IntEnum


class Verdict(IntEnum):
    """What a checkpoint is told. Of several the strictest, which is the largest, wins."""

    # Enumerations hash their names, in Python; members of these stand in keys of the hot path.
    __hash__ = int.__hash__

    UNSPECIFIED = 0
    ADMIT = 1
    CROSS_CHECK = 2
    REFUSE = 3
