"""Receipts: everything a decision rests on as canonical bytes, and deciding anew from them.

A receipt holds no document and no subject. Layout: one byte version, then a msgpack array; its
fields are only ever appended. Statements stand in it as their stored bytes, by issuer and via, so
that one decision has one receipt whatever order the store gave them in.
"""

import hashlib

import msgspec

from exchange.core.compiled_policy import FOREVER_MS, CompiledPolicy
from exchange.core.decision import Decision
from exchange.core.policy import Policy
from exchange.core.recognition import Question, decide_question
from exchange.core.statement import Statement, decode_value, encode_value

RECEIPT_VERSION = 1
RECEIPT_BYTES_MAX = 2 * 1024 * 1024
"""Every issuer with an own and a relayed statement of the greatest size."""

_DIGEST_BYTES = 16


class InvalidReceiptError(ValueError):
    """The bytes are no receipt that this release can read."""


class _Receipt(msgspec.Struct, frozen=True, array_like=True):
    """What stands in a receipt.

    Attributes:
        policy_last_ms: Last instant of the revision in force, as far as was known. Left out where
            none was known, as in receipts of releases that did not look at it.
    """

    destination: str
    origin: str
    max_age_ms: int | None
    now_ms: int
    policy: str
    revision: int
    policy_digest: bytes
    statements: tuple[tuple[str, str, bytes], ...]
    outcome: bytes
    policy_last_ms: int = FOREVER_MS


class Replay(msgspec.Struct, frozen=True):
    """A receipt decided anew.

    Attributes:
        decision: What comes out now.
        identical: Whether the receipt of that is the receipt, bit for bit.
    """

    decision: Decision
    identical: bool


class ReceiptFacts(msgspec.Struct, frozen=True):
    """What has to be known to decide anew.

    Attributes:
        policy: Name of the policy: ``default`` or a destination.
        revision: Its revision.
        destination: Whose checkpoint asked.
        question: The question.
    """

    policy: str
    revision: int
    destination: str
    question: Question


def policy_digest(policy: Policy) -> bytes:
    """Return the digest of what a policy says: of all its content, keys in order."""
    content = msgspec.json.encode(policy, order="deterministic")
    return hashlib.sha256(content).digest()[:_DIGEST_BYTES]


def make_receipt(question: Question, policy: CompiledPolicy, decision: Decision) -> bytes:
    """Return the canonical bytes of a decision and all that it rests on."""
    rows = sorted(
        (one.issuer, one.via, encode_value(one.health_code, one.receive_time_ms))
        for one in question.statements
    )
    receipt = _Receipt(
        policy.destination,
        question.origin,
        question.max_age_ms,
        question.now_ms,
        decision.policy,
        decision.policy_revision,
        policy_digest(policy.policy),
        tuple(rows),
        outcome_bytes(decision),
        policy.last_ms,
    )
    fields = msgspec.structs.astuple(receipt)
    kept = fields[:-1] if policy.last_ms == FOREVER_MS else fields
    return bytes((RECEIPT_VERSION,)) + msgspec.msgpack.encode(kept)


def outcome_bytes(decision: Decision) -> bytes:
    """Return a decision as canonical bytes, the statements named by issuer and via only."""
    rendering = decision.rendering
    return msgspec.msgpack.encode(
        (
            int(decision.verdict),
            int(decision.level),
            [
                (one.reason.value, int(one.verdict), one.issuer, one.detail, *one.texts)
                for one in decision.findings
            ],
            [
                (one.statement.issuer, one.statement.via, one.standing.value)
                for one in decision.used
            ],
            (rendering.colour, rendering.chinese, rendering.english),
            decision.decide_time_ms,
            decision.valid_until_ms,
        )
    )


def read_receipt(data: bytes) -> ReceiptFacts:
    """Read what a receipt says about its question.

    Raises:
        InvalidReceiptError: It is none.
    """
    receipt = _decode(data)
    try:
        statements = tuple(decode_value(*row) for row in receipt.statements)
    except ValueError:
        raise InvalidReceiptError("A statement of the receipt cannot be read.") from None
    question = _question(receipt, statements)
    return ReceiptFacts(receipt.policy, receipt.revision, receipt.destination, question)


def replay(data: bytes, policy: Policy) -> Replay:
    """Decide a receipt anew under the revision that it names.

    Raises:
        InvalidReceiptError: It is none, or was not decided under this revision.
    """
    facts = read_receipt(data)
    receipt = _decode(data)
    if receipt.policy_digest != policy_digest(policy):
        raise InvalidReceiptError(
            f"The receipt was decided under policy {receipt.policy}, revision {receipt.revision}; "
            "the one given says something else."
        )
    compiled = CompiledPolicy(policy, facts.destination).until(receipt.policy_last_ms)
    decision = decide_question(facts.question, compiled)
    return Replay(decision, make_receipt(facts.question, compiled, decision) == data)


def _question(receipt: _Receipt, statements: tuple[Statement, ...]) -> Question:
    return Question(statements, receipt.now_ms, receipt.origin, receipt.max_age_ms)


def _decode(data: bytes) -> _Receipt:
    if len(data) > RECEIPT_BYTES_MAX or data[:1] != bytes((RECEIPT_VERSION,)):
        raise InvalidReceiptError("This is no receipt that this release can read.")
    try:
        return msgspec.msgpack.decode(data[1:], type=_Receipt)
    except msgspec.DecodeError:
        raise InvalidReceiptError("This is no receipt that this release can read.") from None
