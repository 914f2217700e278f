"""Where a policy comes from: a file, the package, or an exchange."""

import re
from pathlib import Path

import msgspec

from exchange.api.v1 import policy_service_pb2 as service_pb
from exchange.cli.client import Client, Connection, connect
from exchange.cli.exits import CommandError
from exchange.cli.options import OPERATOR_URN, near, no_member
from exchange.core.members import BY_CODE, NATIONAL
from exchange.core.policy import DEFAULT_POLICY, Policy
from exchange.core.policy_case import PolicyCase, read_cases
from exchange.core.policy_check import POLICY_BYTES_MAX, check_policy
from exchange.operations.shipped import default_for, shipped_cases, shipped_policy
from exchange.wire.names import ANY_MEMBER, policy_name
from exchange.wire.policies import policy_of

_STORED = re.compile(r"([0-9]{6})@([0-9]{1,6})")


def policy_of_member(code: str) -> str:
    """Return the resource name of the policy of a member that takes part.

    Raises:
        CommandError: There is no such member.
    """
    if code not in BY_CODE:
        raise no_member(code)
    return policy_name(code)


def read_policy(source: str) -> Policy:
    """Read a policy: a member's code or `default` for a shipped one, else a file.

    Raises:
        CommandError: It is none.
        OSError: The file cannot be read.
    """
    if source == DEFAULT_POLICY or source in BY_CODE:
        return shipped_policy(source)
    path = Path(source)
    if not path.exists():
        raise _no_source(source)
    data = path.read_bytes()
    if len(data) > POLICY_BYTES_MAX:
        raise CommandError(f"{source} is over {POLICY_BYTES_MAX} bytes.")
    try:
        return msgspec.json.decode(data, type=Policy)
    except msgspec.DecodeError as error:
        raise CommandError(f"{source} is no policy: {error}.") from None


def _no_source(source: str) -> CommandError:
    if is_stored(source):
        return CommandError(
            f"{source} is kept by an exchange; what is asked for here is a file, or a shipped "
            "policy."
        )
    known = near(source, [*BY_CODE, DEFAULT_POLICY])
    return CommandError(f"{source!r} is neither a destination nor a file; {known}.")


def is_stored(source: str) -> bool:
    """Tell whether a source names a revision that an exchange keeps, as 310000@2."""
    return _STORED.fullmatch(source) is not None


def fetch_policy(client: Client, source: str) -> Policy:
    """Read a revision that an exchange keeps, as 310000@2; 310000@0 is the national default.

    Raises:
        CommandError: There is none.
    """
    match = _STORED.fullmatch(source)
    if match is None:
        raise CommandError(f"{source} is not of the form 310000@2.")
    code, number = match[1], int(match[2])
    name = f"{policy_of_member(code)}/revisions/{number}"
    request = service_pb.GetPolicyRevisionRequest(name=name)
    found = client.call(client.policies.GetPolicyRevision, request)
    if not number:
        return default_for(code)
    return policy_of(found.content, code, number, "content")


def cases_of(source: str) -> tuple[PolicyCase, ...]:
    """Read the cases beside a policy: of a shipped one, or in the folder `cases` beside a file.

    Raises:
        CommandError: There are none, or a file of them cannot be read.
    """
    if source == DEFAULT_POLICY or source in BY_CODE:
        return shipped_cases(source)
    files = sorted((Path(source).parent / "cases").glob("*.json"))
    return read_case_files(files)


def read_case_files(files: list[Path]) -> tuple[PolicyCase, ...]:
    """Read files of cases.

    Raises:
        CommandError: There are none, or one cannot be read.
    """
    found: list[PolicyCase] = []
    for path in files:
        try:
            found += read_cases(path.read_bytes())
        except ValueError as error:
            raise CommandError(f"{path} holds no cases: {error}") from None
    if not found:
        raise CommandError("There are no cases: name files with --cases.")
    return tuple(found)


def read_any(source: str, address: str, timeout: float) -> Policy:
    """Read a policy wherever it is: shipped, in a file, or kept by an exchange.

    Raises:
        CommandError: There is none, or the exchange does not answer.
        OSError: The file cannot be read.
    """
    if not is_stored(source):
        return read_policy(source)
    with connect(Connection(address, OPERATOR_URN, timeout)) as client:
        return fetch_policy(client, source)


def published_policies(client: Client) -> dict[str, Policy]:
    """Read the policies of all destinations as an exchange has them now."""
    request = service_pb.ListPoliciesRequest(parent=ANY_MEMBER)
    listed = [
        one for page in client.pages(client.policies.ListPolicies, request) for one in page.policies
    ]
    found = {}
    for one in listed:
        code = one.name.split("/")[1]
        found[code] = fetch_policy(client, f"{code}@{one.revision}")
    return found


def require_valid(policy: Policy) -> None:
    """Hold a policy to what one may be that is published.

    Raises:
        CommandError: It may not be.
    """
    problems = check_policy(policy)
    if problems:
        first = problems[0]
        raise CommandError(
            f"The policy may not be published: {first.place}: {first.message} "
            f"({len(problems)} in all, see `rules validate`)."
        )


def destination_of(policy: Policy, given: str) -> str:
    """Return whose policy it is; the default is tried as the national platform's.

    Raises:
        CommandError: The one that is given does not take part.
    """
    code = given or (policy.name if policy.name in BY_CODE else NATIONAL)
    if code not in BY_CODE:
        raise no_member(code)
    return code
