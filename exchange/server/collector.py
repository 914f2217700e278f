"""Sparing the garbage collector where many calls wait: it would go through all of them.

gRPC leaves a cycle of five objects with every call, so the collector comes often, and every tenth
of its second looks goes through all that is older than a moment. With six hundred refusals held
that took 14 to 25 ms, every 1.5 s, and a queue of 20 ms for a tenth of a second each time.
"""

import gc

USUAL = gc.get_threshold()
SPARING = (*USUAL[:2], 20 * USUAL[2])
"""Through the oldest every half minute. Not always: the driver of Cassandra leaves cycles that hold
rows, and a worker had 182 MiB instead of 122."""


def spare(*, sparing: bool) -> None:
    """Go through the oldest objects seldom, or as often as usual."""
    gc.set_threshold(*(SPARING if sparing else USUAL))
