"""Pages of lists: sizes and tokens, the same for every list."""

from collections.abc import Sequence
from typing import TypeVar

from exchange.core.errors import InvalidRequestError

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 200
"""More than there are members, and more than a person has statements."""

Item = TypeVar("Item")


def page(items: Sequence[Item], page_size: int, page_token: str) -> tuple[Sequence[Item], str]:
    """Return one page and the token of the next, ``""`` on the last.

    Raises:
        InvalidRequestError: The size is negative or the token is none of ours.
    """
    if page_size < 0:
        raise InvalidRequestError("page_size", "is negative")
    size = min(page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
    start = 0
    if page_token:
        if not (page_token.isascii() and page_token.isdigit() and len(page_token) < 10):  # noqa: PLR2004
            raise InvalidRequestError("page_token", "is not a token of this list")
        start = int(page_token)
    end = start + size
    return items[start:end], str(end) if end < len(items) else ""
