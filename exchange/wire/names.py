"""Resource names: members, policies, quarantine entries and subjects."""

import re

from exchange.core.errors import InvalidRequestError, NotFoundError
from exchange.core.members import BY_CODE
from exchange.core.subject import SUBJECT_BYTES

ANY_SUBJECT = "subjects/-"
ANY_MEMBER = "members/-"
POLICY_ID = "entry"
"""Every member has one policy, about entry; the name leaves room for others."""
_MEMBER = re.compile(r"members/([0-9]{6})")
_ENTRY = re.compile(r"members/([0-9]{6})/quarantineEntries/([0-9a-f]{32})")
_SUBJECT = re.compile(rf"subjects/([0-9a-f]{{{2 * SUBJECT_BYTES}}})")
_MEMBER_NAMES = {f"members/{code}": code for code in BY_CODE}


def member_code(name: str, field: str) -> str:
    """Return the six-digit code in a member's name.

    Raises:
        InvalidRequestError: It is empty or no name of a member.
        NotFoundError: There is no such member.
    """
    code = _MEMBER_NAMES.get(name)
    if code is not None:
        return code
    if not name:
        raise InvalidRequestError(field, "is required, as members/510000")
    match = _MEMBER.fullmatch(name)
    if match is None:
        raise InvalidRequestError(field, "is not of the form members/510000")
    raise NotFoundError("member", match[1])


def members_of(parent: str) -> tuple[str, ...]:
    """Return the codes of the members that a parent names: one, or all for ``members/-``.

    Raises:
        InvalidRequestError: It is no name of a member.
        NotFoundError: There is no such member.
    """
    return tuple(BY_CODE) if parent == ANY_MEMBER else (member_code(parent, "parent"),)


def member_name(code: str) -> str:
    """Return the resource name of a member."""
    return f"members/{code}" if code else ""


def policy_name(code: str) -> str:
    """Return the resource name of a destination's policy."""
    return f"{member_name(code)}/policies/{POLICY_ID}"


def entry_name(member: str, key: str) -> str:
    """Return the resource name of a quarantine entry, whose key is given in hexadecimal."""
    return f"members/{member}/quarantineEntries/{key}"


def entry_key(name: str, member: str, field: str) -> bytes:
    """Return the key in the name of a member's quarantine entry.

    Raises:
        InvalidRequestError: It is no such name, or another member's.
    """
    match = _ENTRY.fullmatch(name)
    if match is None:
        raise InvalidRequestError(
            field, "is not of the form members/510000/quarantineEntries/ and 32 digits"
        )
    if match[1] != member:
        raise InvalidRequestError(field, "is not an entry of the parent")
    return bytes.fromhex(match[2])


def subject_of(name: str, field: str) -> bytes:
    """Return the subject in a resource name.

    Raises:
        InvalidRequestError: It is no name of a subject.
    """
    match = _SUBJECT.fullmatch(name)
    if match is None:
        raise InvalidRequestError(
            field, f"is not subjects/ and {2 * SUBJECT_BYTES} lower-case hexadecimal digits"
        )
    return bytes.fromhex(match[1])


def subject_name(subject: bytes) -> str:
    """Return the resource name of a subject."""
    return f"subjects/{subject.hex()}"
