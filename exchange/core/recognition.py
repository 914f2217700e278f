"""Deciding a check: statements, a policy and an instant in, one explained decision out.

Pure: the clock is an argument, and the order of the statements does not matter. Source of the
rules: design section 5 (own and relayed, documents that are not unique, policy).
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from exchange.core.decision import Decision, DecisionReason, Finding, UsedStatement
from exchange.core.health_code import Level, State
from exchange.core.policy import Combination, Policy, Recognition, Verdict
from exchange.core.rendering import RenderingTable, render
from exchange.core.standing import IssuerStanding, Standing, by_issuer, lapses_at_ms
from exchange.core.statement import Statement

MINUTE_MS = 60_000

_LEVEL_FINDINGS = {
    Level.MEDIUM: (DecisionReason.LEVEL_MEDIUM, Verdict.CROSS_CHECK),
    Level.ELEVATED: (DecisionReason.LEVEL_ELEVATED, Verdict.REFUSE),
    Level.HIGH: (DecisionReason.LEVEL_HIGH, Verdict.REFUSE),
}
_LAPSED_FINDINGS = {
    Standing.EXPIRED: DecisionReason.STATEMENT_EXPIRED,
    Standing.WITHDRAWN: DecisionReason.STATEMENT_WITHDRAWN,
    Standing.TOO_OLD: DecisionReason.STATEMENT_TOO_OLD,
}
_BASE_ONLY = frozenset(
    {
        DecisionReason.LEVEL_MEDIUM,
        DecisionReason.LEVEL_ELEVATED,
        DecisionReason.LEVEL_HIGH,
        DecisionReason.HOLD,
    }
)
"""Findings that one admitted level outweighs where the policy says that one suffices."""


class _Case(msgspec.Struct, frozen=True):
    """What a check is decided on: the issuers' standings under one policy at one instant."""

    policy: Policy
    now_ms: int
    max_age_ms: int | None
    recognised: tuple[IssuerStanding, ...]
    ignored: tuple[IssuerStanding, ...]

    @property
    def in_force(self) -> Iterator[IssuerStanding]:
        return (one for one in self.recognised if one.standing == Standing.IN_FORCE)

    def too_old_for_caller(self, statement: Statement) -> bool:
        if self.max_age_ms is None:
            return False
        return self.now_ms > statement.health_code.as_of_ms + self.max_age_ms

    @property
    def admitting(self) -> tuple[IssuerStanding, ...]:
        """Those in force that have an admitted level and are young enough for the caller."""
        return tuple(
            one
            for one in self.in_force
            if one.statement.health_code.state == State.ACTIVE
            and self.policy.admits(one.statement.health_code.level)
            and not self.too_old_for_caller(one.statement)
        )


def decide(
    statements: Iterable[Statement],
    policy: Policy,
    renderings: RenderingTable,
    now_ms: int,
    max_age_ms: int | None = None,
) -> Decision:
    """Decide one check.

    Args:
        statements: All statements about the person, in any order.
        policy: The destination's policy in force at the instant.
        renderings: The destination's own colours and words.
        now_ms: The instant.
        max_age_ms: Oldest statement that may admit, by the caller's wish; None for no wish.
    """
    case = _case(statements, policy, now_ms, max_age_ms)
    admitting = case.admitting
    findings = [*_on_statements(case), *_on_the_whole(case, admitting)]
    if not admitting and all(one.verdict < Verdict.CROSS_CHECK for one in findings):
        findings.append(Finding(DecisionReason.NOTHING_ADMITS, Verdict.CROSS_CHECK))
    verdict = _verdict(policy, admitting, findings)
    level = max(
        (one.statement.health_code.level for one in case.in_force), default=Level.UNSPECIFIED
    )
    return Decision(
        verdict=verdict,
        level=level,
        findings=tuple(sorted(findings, key=_strictest_first)),
        used=_used(case),
        rendering=render(renderings, verdict, _shown_level(verdict, level, admitting)),
        decide_time_ms=now_ms,
        valid_until_ms=_valid_until_ms(case),
        policy=policy.name,
        policy_revision=policy.revision,
    )


def _case(
    statements: Iterable[Statement], policy: Policy, now_ms: int, max_age_ms: int | None
) -> _Case:
    standings = by_issuer(statements, now_ms, policy.max_age_ms)
    recognised: list[IssuerStanding] = []
    ignored: list[IssuerStanding] = []
    for one in standings:
        left_out = policy.recognises(one.statement.issuer) == Recognition.IGNORE
        (ignored if left_out else recognised).append(one)
    return _Case(policy, now_ms, max_age_ms, tuple(recognised), tuple(ignored))


def _on_statements(case: _Case) -> Iterator[Finding]:
    """Findings that one statement gives by itself."""
    for one in case.ignored:
        issuer = one.statement.issuer
        yield Finding(DecisionReason.NOT_RECOGNISED, Verdict.UNSPECIFIED, issuer)
    for one in case.recognised:
        if one.standing == Standing.IN_FORCE:
            yield from _on_one_in_force(case, one)
        else:
            reason = _LAPSED_FINDINGS[one.standing]
            yield Finding(reason, Verdict.UNSPECIFIED, one.statement.issuer)


def _on_one_in_force(case: _Case, one: IssuerStanding) -> Iterator[Finding]:
    health_code, issuer = one.statement.health_code, one.statement.issuer
    if health_code.level in _LEVEL_FINDINGS:
        yield Finding(*_LEVEL_FINDINGS[health_code.level], issuer)
    for hold in health_code.holds:
        yield Finding(DecisionReason.HOLD, Verdict.CROSS_CHECK, issuer, hold.code)
    if health_code.state != State.ACTIVE:
        yield Finding(DecisionReason.STATEMENT_PENDING, Verdict.UNSPECIFIED, issuer)
    if one.contradicted:
        yield Finding(DecisionReason.CONTRADICTED_BY_RELAY, Verdict.CROSS_CHECK, issuer)
    if case.policy.admits(health_code.level) and case.too_old_for_caller(one.statement):
        yield Finding(DecisionReason.OLDER_THAN_ASKED, Verdict.UNSPECIFIED, issuer)


def _on_the_whole(case: _Case, admitting: Sequence[IssuerStanding]) -> Iterator[Finding]:
    """Findings that need all statements."""
    policy = case.policy
    for one in admitting:
        yield Finding(DecisionReason.LEVEL_ADMITTED, Verdict.ADMIT, one.statement.issuer)
    if admitting and all(_only_cross_checked(one, policy) for one in admitting):
        yield Finding(DecisionReason.CROSS_CHECK_ISSUER, Verdict.CROSS_CHECK)
    if not (case.recognised or case.ignored):
        yield Finding(DecisionReason.NO_STATEMENT, Verdict.CROSS_CHECK)
    elif not any(one.statement.health_code.state == State.ACTIVE for one in case.in_force):
        yield Finding(DecisionReason.NOTHING_ACTIVE, Verdict.CROSS_CHECK)
    if not policy.accepts_not_unique and not all(
        one.statement.health_code.document_unique for one in (*case.recognised, *case.ignored)
    ):
        yield Finding(DecisionReason.DOCUMENT_NOT_UNIQUE, Verdict.CROSS_CHECK)


def _only_cross_checked(one: IssuerStanding, policy: Policy) -> bool:
    return policy.recognises(one.statement.issuer) == Recognition.CROSS_CHECK


def _verdict(
    policy: Policy, admitting: Sequence[IssuerStanding], findings: Iterable[Finding]
) -> Verdict:
    """Take the strictest finding; without any that admits nobody is admitted."""
    outweighed = policy.combination == Combination.ANY_ADMITTED and bool(admitting)
    strictest = max(
        (
            finding.verdict
            for finding in findings
            if not (outweighed and finding.reason in _BASE_ONLY)
        ),
        default=Verdict.UNSPECIFIED,
    )
    return strictest if admitting else max(strictest, Verdict.CROSS_CHECK)


def _shown_level(verdict: Verdict, level: Level, admitting: Sequence[IssuerStanding]) -> Level:
    """Return the level whose colour is shown: an admission shows what it rests on."""
    if verdict != Verdict.ADMIT:
        return level
    return max(one.statement.health_code.level for one in admitting)


def _strictest_first(finding: Finding) -> tuple[int, str, str, str]:
    return (-finding.verdict, finding.reason, finding.issuer, finding.detail)


def _used(case: _Case) -> tuple[UsedStatement, ...]:
    """List every statement that was looked at, those in force first."""
    used = [UsedStatement(one.statement, one.standing) for one in case.recognised]
    used += [
        UsedStatement(one.outdone, one.outdone_standing)
        for one in case.recognised
        if one.outdone is not None
    ]
    used += [UsedStatement(one.statement, Standing.NOT_RECOGNISED) for one in case.ignored]
    return tuple(sorted(used, key=lambda one: one.standing != Standing.IN_FORCE))


def _valid_until_ms(case: _Case) -> int:
    """Return until when the decision may be relied upon: nothing it rests on lapses before."""
    ends = [case.now_ms + case.policy.reliance_minutes * MINUTE_MS]
    ends += [lapses_at_ms(one.statement, case.policy.max_age_ms) for one in case.in_force]
    if case.max_age_ms is not None:
        ends += [one.statement.health_code.as_of_ms + case.max_age_ms for one in case.admitting]
    return min(ends)
