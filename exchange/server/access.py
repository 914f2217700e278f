"""Who may call what: one table, looked at before anything else of a call is."""

from exchange.core.caller import Caller, CallerKind
from exchange.core.errors import PermissionDeniedError

_MEMBER = frozenset({CallerKind.MEMBER})
_OPERATOR = frozenset({CallerKind.OPERATOR})
_ASKS = frozenset({CallerKind.MEMBER, CallerKind.CHECKPOINT})
_EVERYBODY = frozenset(CallerKind)

ACCESS: dict[str, frozenset[CallerKind]] = {
    "/exchange.api.v1.HealthCodeService/PublishHealthCodes": _MEMBER,
    "/exchange.api.v1.HealthCodeService/StreamingPublishHealthCodes": _MEMBER,
    "/exchange.api.v1.HealthCodeService/ListHealthCodes": _MEMBER,
    "/exchange.api.v1.HealthCodeService/ConvertHealthCode": _MEMBER,
    "/exchange.api.v1.HealthCodeService/GetNationalHealthCode": _MEMBER,
    "/exchange.api.v1.HealthCodeService/EraseHealthCodes": _OPERATOR,
    "/exchange.api.v1.QuarantineService/ListQuarantineEntries": _OPERATOR,
    "/exchange.api.v1.QuarantineService/CountQuarantineEntries": _OPERATOR,
    "/exchange.api.v1.QuarantineService/ReplayQuarantineEntries": _OPERATOR,
    "/exchange.api.v1.QuarantineService/DiscardQuarantineEntries": _OPERATOR,
    "/exchange.api.v1.RecognitionService/CheckHealthCode": _ASKS,
    "/exchange.api.v1.RecognitionService/BatchCheckHealthCodes": _ASKS,
    "/exchange.api.v1.MemberService/GetMember": _EVERYBODY,
    "/exchange.api.v1.MemberService/ListMembers": _EVERYBODY,
    "/exchange.api.v1.MemberService/ListFormatHealth": _MEMBER | _OPERATOR,
    "/exchange.api.v1.PolicyService/GetPolicy": _EVERYBODY,
    "/exchange.api.v1.PolicyService/ListPolicies": _EVERYBODY,
    "/exchange.api.v1.PolicyService/GetPolicyRevision": _EVERYBODY,
    "/exchange.api.v1.PolicyService/ListPolicyRevisions": _EVERYBODY,
    "/exchange.api.v1.PolicyService/CreatePolicyRevision": _MEMBER,
    "/exchange.api.v1.PolicyService/ActivatePolicy": _MEMBER,
    "/exchange.api.v1.PolicyService/RollbackPolicy": _MEMBER,
    "/exchange.api.v1.PolicyService/EvaluatePolicy": _EVERYBODY,
    "/exchange.api.v1.PolicyService/DryRunPolicy": _MEMBER,
}
"""Every method of every service of the API; one without a row is refused and a test fails."""

OPEN: frozenset[str] = frozenset(
    {
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    }
)
"""Open to any certificate of the authority, also to one that names no caller, as probes have."""


def require(caller: Caller, method: str) -> None:
    """Let a caller through to a method.

    Raises:
        PermissionDeniedError: A caller of its kind may not call it.
    """
    if caller.kind not in ACCESS.get(method, frozenset()):
        name = method.rpartition("/")[2]
        raise PermissionDeniedError(
            f"A caller of kind {caller.kind.value} may not call {name}.",
            caller_kind=caller.kind.value,
            method=name,
        )
