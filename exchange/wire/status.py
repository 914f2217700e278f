"""Errors to google.rpc.Status: the one table from domain errors to canonical codes.

Every status has exactly one ErrorInfo; INVALID_ARGUMENT also a BadRequest with the field, and what
is worth trying again a RetryInfo. ``exchange.server.calls`` is the one place that uses it for
calls; batch answers use it for their items.
"""

from google.rpc import code_pb2, error_details_pb2, status_pb2

from exchange.core.errors import (
    ContradictedError,
    DeadlineError,
    EtagMismatchError,
    ExchangeError,
    FormatKeyMissingError,
    InvalidPolicyError,
    InvalidRequestError,
    NoStatementError,
    NotConvertibleError,
    NotFoundError,
    NotWritableError,
    OverloadedError,
    PermissionDeniedError,
    PolicyStateError,
    PublicationUnavailableError,
    QuotaExceededError,
    SchemaError,
    StartError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
    TryLaterError,
    UnauthenticatedError,
    ValueTooLargeError,
    WouldOutliveSourceError,
)

DOMAIN = "health-exchange"

CODES: dict[type[ExchangeError], int] = {
    InvalidRequestError: code_pb2.INVALID_ARGUMENT,
    InvalidPolicyError: code_pb2.INVALID_ARGUMENT,
    NotFoundError: code_pb2.NOT_FOUND,
    EtagMismatchError: code_pb2.ABORTED,
    PolicyStateError: code_pb2.FAILED_PRECONDITION,
    FormatKeyMissingError: code_pb2.FAILED_PRECONDITION,
    NoStatementError: code_pb2.NOT_FOUND,
    NotConvertibleError: code_pb2.FAILED_PRECONDITION,
    NotWritableError: code_pb2.FAILED_PRECONDITION,
    WouldOutliveSourceError: code_pb2.FAILED_PRECONDITION,
    ContradictedError: code_pb2.FAILED_PRECONDITION,
    UnauthenticatedError: code_pb2.UNAUTHENTICATED,
    PermissionDeniedError: code_pb2.PERMISSION_DENIED,
    DeadlineError: code_pb2.DEADLINE_EXCEEDED,
    TryLaterError: code_pb2.RESOURCE_EXHAUSTED,
    QuotaExceededError: code_pb2.RESOURCE_EXHAUSTED,
    OverloadedError: code_pb2.RESOURCE_EXHAUSTED,
    PublicationUnavailableError: code_pb2.UNAVAILABLE,
    StoreUnavailableError: code_pb2.UNAVAILABLE,
    StoreFullError: code_pb2.UNAVAILABLE,
    SchemaError: code_pb2.UNAVAILABLE,
    StoreError: code_pb2.INTERNAL,
    ValueTooLargeError: code_pb2.INTERNAL,
    StartError: code_pb2.INTERNAL,
    ExchangeError: code_pb2.INTERNAL,
}
"""Canonical code of each error; a test fails when a class of the tree is missing."""

RETRY_SECONDS: dict[type[ExchangeError], int] = {
    PublicationUnavailableError: 1,
    StoreUnavailableError: 1,
    StoreFullError: 30,
    SchemaError: 5,
}
"""When to try again, of errors that do not say so themselves."""


VIOLATIONS_MAX = 20
"""Violations of one status: details travel in a header, which has 8 KiB by default in clients."""


def fill_status(status: status_pb2.Status, error: ExchangeError) -> None:
    """Fill a status with an error's code, text and details."""
    kind = type(error)
    status.code = CODES[kind]
    status.message = str(error)
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    status.details.add().Pack(info)
    if isinstance(error, InvalidRequestError):
        status.details.add().Pack(_bad_request(error))
    if kind in RETRY_SECONDS:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.seconds = RETRY_SECONDS[kind]
        status.details.add().Pack(retry)
    if isinstance(error, TryLaterError):
        later = error_details_pb2.RetryInfo()
        later.retry_delay.FromNanoseconds(error.wait_ns)
        status.details.add().Pack(later)


def _bad_request(error: InvalidRequestError) -> error_details_pb2.BadRequest:
    bad = error_details_pb2.BadRequest()
    violations: tuple[tuple[str, str], ...] = ((error.field, error.description),)
    if isinstance(error, InvalidPolicyError):
        violations = error.violations
    for field, description in violations[:VIOLATIONS_MAX]:
        bad.field_violations.add(field=field, description=description)
    return bad
