"""What a checkpoint is told: admit, cross-check or refuse."""

from enum import IntEnum


class Verdict(IntEnum):
    """What a checkpoint is told. Of several the strictest, which is the largest, wins."""

    UNSPECIFIED = 0
    ADMIT = 1
    CROSS_CHECK = 2
    REFUSE = 3
