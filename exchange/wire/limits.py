"""Limits of what one request may hold, each refused by the field that goes beyond it."""

from exchange.core.errors import InvalidRequestError


def check_count(field: str, count: int, most: int) -> None:
    """Hold a list to so many elements.

    Raises:
        InvalidRequestError: It has more.
    """
    if count > most:
        raise InvalidRequestError(field, f"has {count} elements, at most {most} are taken")


def check_size(field: str, size_bytes: int, most_bytes: int) -> None:
    """Hold bytes to a size.

    Raises:
        InvalidRequestError: There are more.
    """
    if size_bytes > most_bytes:
        raise InvalidRequestError(field, f"is over {most_bytes} bytes")
