r"""Every error of the exchange, as a tree; each carries its data as attributes.

::

    ExchangeError
    |-- InvalidRequestError         a field of a request is missing or malformed
    |   `-- InvalidPolicyError      a policy may not be published; with all that is wrong
    |-- NotFoundError               no such member, format, policy or revision
    |-- EtagMismatchError           somebody else was faster
    |-- PolicyStateError            a policy is not in the state for this
    |-- FormatKeyMissingError       no key for a format that signs or encrypts
    |-- NoStatementError            nobody has said anything about the person
    |-- NotConvertibleError         a statement may not or cannot be written in a format
    |   |-- NotWritableError        the format cannot say it
    |   |-- WouldOutliveSourceError its end would read later than the source's
    |   `-- ContradictedError       a newer and stricter relayed statement speaks against it
    |-- UnauthenticatedError        the caller names nobody known
    |-- PermissionDeniedError       the caller may not do this
    |-- DeadlineError               the caller's deadline has passed
    |-- TryLaterError               refused for now, with how long to wait
    |   |-- QuotaExceededError      the member has used up what it may ask or hand in
    |   `-- OverloadedError         more arrives than can be answered in time
    |-- PublicationUnavailableError what takes publications in is away; trying again is right
    |-- StoreError
    |   |-- StoreUnavailableError   the store does not answer; trying again is right
    |   |-- StoreFullError          the store has no room; trying again later is right
    |   |-- ValueTooLargeError      a value is over the store's limit
    |   `-- SchemaError             the schema is behind, or newer than this release can read
    `-- StartError                  the exchange refuses to start; the text says what to mend

``exchange.wire.status`` holds the one table from these to status codes.
"""

from collections.abc import Awaitable, Callable, Sequence


class ExchangeError(Exception):
    """Base of all errors of the exchange.

    Attributes:
        reason: Stable word for programs, UPPER_SNAKE_CASE.
        metadata: Every dynamic part of the text, without personal data.
    """

    reason = "INTERNAL"

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.metadata = metadata


class InvalidRequestError(ExchangeError):
    """A field of a request is missing or malformed.

    Attributes:
        field: Path of the field in the request, as ``requests[3].subject``.
    """

    reason = "INVALID_FIELD"

    def __init__(self, field: str, message: str, **metadata: str) -> None:
        super().__init__(f"{field}: {message}", field=field, **metadata)
        self.field = field
        self.description = message

    def within(self, path: str) -> "InvalidRequestError":
        """Return the same of a request that stands inside of another one, at a path."""
        metadata = {name: text for name, text in self.metadata.items() if name != "field"}
        return InvalidRequestError(f"{path}.{self.field}", self.description, **metadata)


class InvalidPolicyError(InvalidRequestError):
    """A policy may not be published.

    Attributes:
        violations: Everything that is wrong: field and what is wrong with it.
    """

    reason = "POLICY_INVALID"

    def __init__(self, violations: Sequence[tuple[str, str]]) -> None:
        field, message = violations[0]
        super().__init__(field, message, problem_count=str(len(violations)))
        self.violations = tuple(violations)


class NotFoundError(ExchangeError):
    """A member, format, policy or revision that does not exist was named."""

    reason = "NOT_FOUND"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"There is no {kind} {name!r}.", kind=kind, name=name)
        self.reason = f"{kind.upper()}_NOT_FOUND"


class FormatKeyMissingError(ExchangeError):
    """The exchange has no key for a format that signs or encrypts; its operator has to add one."""

    reason = "FORMAT_KEY_MISSING"

    def __init__(self, format_id: str, key: str) -> None:
        super().__init__(
            f"The exchange has no key {key!r} for the format {format_id}.",
            format=format_id,
            key=key,
        )


class NoStatementError(ExchangeError):
    """Nobody has said anything about the person who was asked for."""

    reason = "NO_STATEMENT"

    def __init__(self) -> None:
        super().__init__("No member has made a statement about this person.")


class NotConvertibleError(ExchangeError):
    """A statement may not or cannot be written in a format.

    Attributes:
        field: Name of the common schema's field in the way; ``""`` where there is none.
    """

    reason = "NOT_REPRESENTABLE"

    def __init__(self, message: str, format_id: str, field: str) -> None:
        super().__init__(message, format=format_id, field=field)
        self.field = field


class NotWritableError(NotConvertibleError):
    """The format cannot say what the statement says."""

    def __init__(self, format_id: str, field: str) -> None:
        super().__init__(
            f"The format {format_id} cannot say this: {field or 'record'}.", format_id, field
        )


class WouldOutliveSourceError(NotConvertibleError):
    """The end of validity would read later in the format than in its source."""

    reason = "WOULD_OUTLIVE_SOURCE"

    def __init__(self, format_id: str) -> None:
        super().__init__(
            f"In the format {format_id} the statement would hold longer than its issuer says.",
            format_id,
            "valid_until",
        )


class ContradictedError(NotConvertibleError):
    """A newer and stricter relayed statement of the same issuer speaks against the own one."""

    reason = "CONTRADICTED_BY_RELAY"

    def __init__(self, format_id: str) -> None:
        super().__init__(
            "A newer relayed statement is stricter than the issuer's own one; no format can say "
            "so: ask for a decision instead.",
            format_id,
            "level",
        )


class EtagMismatchError(ExchangeError):
    """Something was changed since it was read; read it again."""

    reason = "ETAG_MISMATCH"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was changed since: read it again.", name=name)


class PolicyStateError(ExchangeError):
    """A policy is not in the state for this; the reason says why."""

    reason = "NOTICE_REQUIRED"

    def __init__(self, reason: str, message: str, **metadata: str) -> None:
        super().__init__(message, **metadata)
        self.reason = reason


class UnauthenticatedError(ExchangeError):
    """The caller names nobody known."""

    reason = "CALLER_UNKNOWN"


class PermissionDeniedError(ExchangeError):
    """The caller is known and may not do this."""

    reason = "CALLER_NOT_ALLOWED"


class DeadlineError(ExchangeError):
    """The caller's deadline passed before the work was done."""

    reason = "DEADLINE_PASSED"


class TryLaterError(ExchangeError):
    """A call is refused for now.

    Attributes:
        wait_ns: How long to wait before it is tried again.
    """

    reason = "OVERLOADED"

    def __init__(self, message: str, wait_ns: int, **metadata: str) -> None:
        super().__init__(message, **metadata)
        self.wait_ns = wait_ns


class QuotaExceededError(TryLaterError):
    """A member has used up what it may ask or hand in; after the wait a call is let in."""

    reason = "QUOTA_EXCEEDED"

    def __init__(self, quota: str, wait_ns: int) -> None:
        super().__init__(f"The quota of {quota} per second is used up.", wait_ns, quota=quota)


class OverloadedError(TryLaterError):
    """More arrives than can be answered in time; what is let in is answered as usual.

    Attributes:
        turn: Waits until the caller may be told; None: at once.
    """

    reason = "OVERLOADED"

    def __init__(self, wait_ns: int, turn: Callable[[], Awaitable[object]] | None = None) -> None:
        super().__init__("More arrives than can be answered in time.", wait_ns)
        self.turn = turn


class PublicationUnavailableError(ExchangeError):
    """The process that takes in what members hand in is away; what was acknowledged is kept."""

    reason = "PUBLICATION_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("Publication is away for a moment.")


class StoreError(ExchangeError):
    """Base of what stores raise; the text never shows the engine."""

    reason = "STORE_FAILED"


class StoreUnavailableError(StoreError):
    """The store does not answer, or too few replicas do. Nothing is known of what was asked."""

    reason = "STORE_UNAVAILABLE"


class StoreFullError(StoreUnavailableError):
    """The store has no room. What was acknowledged is safe; writing goes on when there is room."""

    reason = "STORE_FULL"


class ValueTooLargeError(StoreError):
    """A value is over the limit of a stored value (``VALUE_BYTES_MAX``)."""

    reason = "VALUE_TOO_LARGE"


class SchemaError(StoreError):
    """The store's schema is behind this release, or later than it can read.

    Attributes:
        found: Version of the store, 0 where there is none.
        wanted: Version this release is written for.
    """

    reason = "SCHEMA_MISMATCH"

    def __init__(self, message: str, *, found: int, wanted: int) -> None:
        super().__init__(message, found=str(found), wanted=str(wanted))
        self.found = found
        self.wanted = wanted


class StartError(ExchangeError):
    """The exchange refuses to start; the text is a sentence that says what to mend."""

    reason = "START_REFUSED"
