"""Dry runs of policies as messages of the API."""

from exchange.api.v1 import policy_service_pb2 as pb
from exchange.core.dry_run import ChangeKey, DryRun
from exchange.wire.checks import fill_decision
from exchange.wire.names import member_name


def dry_run_message(report: DryRun) -> pb.DryRunPolicyResponse:
    """Return the message of a dry run."""
    response = pb.DryRunPolicyResponse(
        case_count=report.case_count, changed_count=report.changed_count
    )
    for key, count in report.by_origin:
        _fill_change(response.changes_by_origin.add(), key, member_name(key.key), count)
    for key, count in report.by_reason:
        _fill_change(response.changes_by_reason.add(), key, key.key, count)
    for example in report.examples:
        shown = response.examples.add(origin=member_name(example.question.origin))
        fill_decision(shown.before, example.before)
        fill_decision(shown.after, example.after)
    return response


def _fill_change(
    message: pb.DryRunPolicyResponse.Change, key: ChangeKey, name: str, count: int
) -> None:
    message.key = name
    message.before = int(key.before)  # type: ignore[assignment] # the stubs have an int of their own
    message.after = int(key.after)  # type: ignore[assignment] # the stubs have an int of their own
    message.count = count
