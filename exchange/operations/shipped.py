"""The policies that are shipped with the package: the national default and a template per member.

Templates are in force only after somebody has published them. Until then the default decides for a
destination, in the colours and words of its template.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import msgspec

from exchange.core.members import MEMBERS
from exchange.core.policy import DEFAULT_POLICY, Policy
from exchange.core.policy_case import PolicyCase, read_cases

_FOLDER = files("exchange") / "policies"


@lru_cache
def shipped_policy(name: str) -> Policy:
    """Read the shipped policy of a name: ``default``, or the code of a member.

    Raises:
        KeyError: There is none.
    """
    try:
        data = (_FOLDER / name / "policy.json").read_bytes()
    except OSError:
        raise KeyError(name) from None
    return msgspec.json.decode(data, type=Policy)


def shipped_policies() -> Mapping[str, Policy]:
    """Read the template of every member, by code."""
    return {member.code: shipped_policy(member.code) for member in MEMBERS}


def shipped_cases(name: str) -> tuple[PolicyCase, ...]:
    """Read the cases beside a shipped policy, in the order of their files."""
    folder = _FOLDER / name / "cases"
    found = sorted((one for one in folder.iterdir()), key=lambda one: one.name)
    return tuple(
        case for one in found if one.name.endswith(".json") for case in read_cases(one.read_bytes())
    )


def default_for(destination: str) -> Policy:
    """Return the national default in a destination's own colours and words."""
    renderings = shipped_policy(destination).renderings
    return msgspec.structs.replace(shipped_policy(DEFAULT_POLICY), renderings=renderings)
