"""The ring of tokens cut into equal parts, and how far along it a token lies."""

from collections.abc import Iterator
from itertools import pairwise

TOKEN_MIN = -(2**63)
"""Of Murmur3; no row has it, so that a part can exclude its own start."""
TOKEN_MAX = 2**63 - 1
_TOKENS = TOKEN_MAX - TOKEN_MIN


def parts(count: int) -> Iterator[tuple[int, int]]:
    """Cut the ring into ``count`` parts, each without its start and with its end."""
    edges = [TOKEN_MIN + _TOKENS * index // count for index in range(count + 1)]
    yield from pairwise(edges)


def fraction(token: int) -> float:
    """Tell which part of the ring lies up to a token, 0.0 to 1.0."""
    return (token - TOKEN_MIN) / _TOKENS
