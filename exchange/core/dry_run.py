"""Dry runs: decisions under one revision beside those under another, and what would change."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from exchange.core.compiled_policy import CompiledPolicy
from exchange.core.decision import Decision
from exchange.core.recognition import Question, decide_question
from exchange.core.verdict import Verdict

EXAMPLES_MAX = 10
"""Examples of a report: enough to understand it, few enough to be read."""


class ChangeKey(msgspec.Struct, frozen=True):
    """A kind of change.

    Attributes:
        key: The origin, or the reason; ``""`` for none.
        before: The verdict that was.
        after: The verdict that would be.
    """

    key: str
    before: Verdict
    after: Verdict


class Example(msgspec.Struct, frozen=True):
    """One decision that would change."""

    question: Question
    before: Decision
    after: Decision


class DryRun(msgspec.Struct, frozen=True):
    """What would change.

    Attributes:
        case_count: Cases decided.
        changed_count: Cases with another verdict.
        by_origin: How many by origin, the most frequent first.
        by_reason: How many by the reason that decides anew, the most frequent first.
        examples: Some of them.
    """

    case_count: int
    changed_count: int
    by_origin: tuple[tuple[ChangeKey, int], ...]
    by_reason: tuple[tuple[ChangeKey, int], ...]
    examples: tuple[Example, ...]


def dry_run(questions: Iterable[Question], old: CompiledPolicy, new: CompiledPolicy) -> DryRun:
    """Decide each question under both revisions and count what would change."""
    total = changed = 0
    by_origin: Counter[ChangeKey] = Counter()
    by_reason: Counter[ChangeKey] = Counter()
    examples: list[Example] = []
    for question in questions:
        total += 1
        before, after = decide_question(question, old), decide_question(question, new)
        if before.verdict == after.verdict:
            continue
        changed += 1
        by_origin[ChangeKey(question.origin, before.verdict, after.verdict)] += 1
        for reason in deciding_reasons(before, after):
            by_reason[ChangeKey(reason, before.verdict, after.verdict)] += 1
        if len(examples) < EXAMPLES_MAX:
            examples.append(Example(question, before, after))
    return DryRun(total, changed, _ordered(by_origin), _ordered(by_reason), tuple(examples))


def deciding_reasons(before: Decision, after: Decision) -> tuple[str, ...]:
    """Name the reasons that make a verdict another one: of the stricter decision, once each."""
    stricter, other = (after, before) if after.verdict > before.verdict else (before, after)
    found = {
        f"{one.reason.value} {one.detail}".rstrip()
        for one in stricter.findings
        if one.verdict > other.verdict
    }
    return tuple(sorted(found))


def _ordered(counts: "Counter[ChangeKey]") -> tuple[tuple[ChangeKey, int], ...]:
    def order(item: tuple[ChangeKey, int]) -> tuple[int, str, int, int]:
        return -item[1], item[0].key, item[0].before, item[0].after

    return tuple(sorted(counts.items(), key=order))
