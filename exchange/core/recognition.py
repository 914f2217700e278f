"""Deciding a check: statements, a policy and an instant in, one explained decision out.

Pure: the clock is an argument, and the order of the statements does not matter. Source of the
rules: design section 5 (own and relayed, documents that are not unique, policy).

Decided millions of times an hour, so issuers are gone through once, and what most decisions do not
need - sorting, the view of the rules - is done only where it is needed.
"""

from collections.abc import Iterable, Sequence

import msgspec

from exchange.core.case_view import CaseFacts
from exchange.core.compiled_policy import CompiledPolicy, RuleOutcome
from exchange.core.decision import Decision, DecisionReason, Finding, UsedStatement
from exchange.core.health_code import Level, State
from exchange.core.policy import Recognition
from exchange.core.standing import IssuerStanding, Standing, by_issuer, lapses_at_ms
from exchange.core.statement import Statement
from exchange.core.verdict import Verdict

_ACTIVE, _IN_FORCE, _UNSPECIFIED = State.ACTIVE, Standing.IN_FORCE, Level.UNSPECIFIED
_INFORMS, _ADMIT, _CROSS_CHECK = Verdict.UNSPECIFIED, Verdict.ADMIT, Verdict.CROSS_CHECK
_RECOGNISE, _IGNORE = Recognition.RECOGNISE, Recognition.IGNORE
_LEVEL_ADMITTED = DecisionReason.LEVEL_ADMITTED
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
_RULE_FINDINGS = {
    RuleOutcome.FAILED: DecisionReason.RULE_FAILED,
    RuleOutcome.UNEVALUABLE: DecisionReason.RULE_NOT_EVALUABLE,
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
RISKS = frozenset({Level.ELEVATED, Level.HIGH})
"""Levels that refuse."""


class _Case:
    """A decision in the making."""

    __slots__ = (
        "admitting", "cross_checked_only", "ends_ms", "findings", "ignored", "in_force",
        "level", "now_ms", "oldest_ms", "origin", "policy", "recognised", "some_active", "unique",
    )  # fmt: skip

    def __init__(
        self, policy: CompiledPolicy, now_ms: int, origin: str, max_age_ms: int | None
    ) -> None:
        self.policy = policy
        self.now_ms = now_ms
        self.origin = origin
        self.oldest_ms = None if max_age_ms is None else now_ms - max_age_ms
        self.recognised: list[IssuerStanding] = []
        self.ignored: list[IssuerStanding] = []
        self.in_force: list[IssuerStanding] = []
        self.admitting: list[Statement] = []
        self.findings: list[Finding] = []
        self.level = _UNSPECIFIED
        self.some_active = False
        self.unique = True
        self.cross_checked_only = True
        self.ends_ms = min(now_ms + policy.reliance_ms, policy.last_ms)

    @property
    def facts(self) -> CaseFacts:
        return CaseFacts(
            self.recognised, self.unique, self.now_ms, self.origin, self.policy.destination
        )

    def add(self, one: IssuerStanding) -> None:
        """Note one issuer's standing and what it gives by itself."""
        statement = one.statement
        issuer = statement.issuer
        treatment = self.policy.treatment(issuer)
        if not statement.health_code.document_unique:
            self.unique = False
        if treatment is _IGNORE:
            self.ignored.append(one)
            self.findings.append(Finding(DecisionReason.NOT_RECOGNISED, _INFORMS, issuer))
            return
        self.recognised.append(one)
        if one.standing is _IN_FORCE:
            self._add_in_force(one, treatment)
        else:
            self.findings.append(Finding(_LAPSED_FINDINGS[one.standing], _INFORMS, issuer))

    def _add_in_force(self, one: IssuerStanding, treatment: Recognition) -> None:
        statement, findings = one.statement, self.findings
        health_code, issuer = statement.health_code, statement.issuer
        level = health_code.level
        self.in_force.append(one)
        # Comparisons, as `min` and `max` take several times as long.
        lapses_ms = lapses_at_ms(statement, self.policy.max_age_ms)
        self.ends_ms = lapses_ms if lapses_ms < self.ends_ms else self.ends_ms  # noqa: FURB136
        self.level = level if level > self.level else self.level  # noqa: FURB136
        if level in _LEVEL_FINDINGS:
            findings.append(Finding(*_LEVEL_FINDINGS[level], issuer))
        for hold in health_code.holds:
            findings.append(Finding(DecisionReason.HOLD, _CROSS_CHECK, issuer, hold.code))
        if one.contradicted:
            findings.append(Finding(DecisionReason.CONTRADICTED_BY_RELAY, _CROSS_CHECK, issuer))
        if health_code.state is not _ACTIVE:
            findings.append(Finding(DecisionReason.STATEMENT_PENDING, _INFORMS, issuer))
            return
        self.some_active = True
        if level not in self.policy.admitted:
            return
        if self.oldest_ms is not None and health_code.as_of_ms < self.oldest_ms:
            findings.append(Finding(DecisionReason.OLDER_THAN_ASKED, _INFORMS, issuer))
            return
        self.admitting.append(statement)
        findings.append(Finding(_LEVEL_ADMITTED, _ADMIT, issuer))
        if treatment is _RECOGNISE:
            self.cross_checked_only = False

    def judge(self) -> None:
        """Add the findings that need all statements."""
        findings = self.findings
        if self.admitting and self.cross_checked_only:
            findings.append(Finding(DecisionReason.CROSS_CHECK_ISSUER, _CROSS_CHECK))
        if not self.recognised and not self.ignored:
            findings.append(Finding(DecisionReason.NO_STATEMENT, _CROSS_CHECK))
        elif not self.some_active:
            findings.append(Finding(DecisionReason.NOTHING_ACTIVE, _CROSS_CHECK))
        if not self.unique and not self.policy.policy.accepts_not_unique:
            findings.append(Finding(DecisionReason.DOCUMENT_NOT_UNIQUE, _CROSS_CHECK))
        if self.policy.policy.document_only:
            findings.append(Finding(DecisionReason.DOCUMENT_ONLY, _CROSS_CHECK))
        if self.policy.has_rules:
            self._judge_rules()
        if not self.admitting and all(one.verdict < _CROSS_CHECK for one in findings):
            findings.append(Finding(DecisionReason.NOTHING_ADMITS, _CROSS_CHECK))

    def _judge_rules(self) -> None:
        for judged in self.policy.judge(self.facts):
            text = judged.rule.text
            reason = _RULE_FINDINGS[judged.outcome]
            self.findings.append(
                Finding(reason, judged.verdict, "", judged.rule.name, text.zh, text.en)
            )

    def verdict(self) -> Verdict:
        """Take the strictest finding; without any that admits nobody is admitted."""
        outweighed = self.policy.any_admitted and self.admitting
        strictest = _INFORMS if self.admitting else _CROSS_CHECK
        for finding in self.findings:
            if finding.verdict > strictest and not (outweighed and finding.reason in _BASE_ONLY):
                strictest = finding.verdict
        return strictest


class Question(msgspec.Struct, frozen=True):
    """Everything that a decision under a policy rests on.

    Attributes:
        statements: All statements about the person, in any order.
        now_ms: The instant.
        origin: Member the person comes from, or ``""``.
        max_age_ms: Oldest statement that may admit, by the caller's wish; None for no wish.
    """

    statements: tuple[Statement, ...]
    now_ms: int
    origin: str = ""
    max_age_ms: int | None = None


def decide_question(question: Question, policy: CompiledPolicy) -> Decision:
    """Decide a question that was kept as a value."""
    return decide(
        question.statements,
        policy,
        question.now_ms,
        origin=question.origin,
        max_age_ms=question.max_age_ms,
    )


def facts_of(question: Question, policy: CompiledPolicy) -> CaseFacts:
    """Return what the view of a question is made of."""
    case = _Case(policy, question.now_ms, question.origin, question.max_age_ms)
    for one in by_issuer(question.statements, question.now_ms, policy.max_age_ms):
        case.add(one)
    return case.facts


def facts_in_force(
    statements: Sequence[Statement], policy: CompiledPolicy, now_ms: int, origin: str
) -> CaseFacts:
    """Return the same for one statement of each issuer, by issuer, all in force."""
    recognised = [
        IssuerStanding(one, _IN_FORCE)
        for one in statements
        if policy.treatment(one.issuer) is not _IGNORE
    ]
    unique = all(one.health_code.document_unique for one in statements)
    return CaseFacts(recognised, unique, now_ms, origin, policy.destination)


def decide(
    statements: Iterable[Statement],
    policy: CompiledPolicy,
    now_ms: int,
    *,
    origin: str = "",
    max_age_ms: int | None = None,
) -> Decision:
    """Decide one check.

    Args:
        statements: All statements about the person, in any order.
        policy: The destination's policy in force at the instant.
        now_ms: The instant.
        origin: Member the person comes from, or ``""``; it only selects a role for the rules.
        max_age_ms: Oldest statement that may admit, by the caller's wish; None for no wish.
    """
    statements = tuple(statements)
    case = _judged(statements, policy, now_ms, origin, max_age_ms)
    verdict = case.verdict()
    if verdict is Verdict.ADMIT and policy.has_rules and case.level in RISKS:
        verdict = _without_each_risk(statements, case, max_age_ms)
    findings = case.findings
    if len(findings) > 1:
        findings.sort(key=_strictest_first)
    shown = case.level
    if verdict is Verdict.ADMIT:
        # An admission shows what it rests on.
        shown = max([one.health_code.level for one in case.admitting])
    if max_age_ms is not None:
        ends = [one.health_code.as_of_ms + max_age_ms for one in case.admitting]
        case.ends_ms = min([case.ends_ms, *ends])
    return Decision(
        verdict=verdict,
        level=case.level,
        findings=tuple(findings),
        used=_used(case),
        rendering=policy.rendering(
            verdict, shown, _state(case) if shown is _UNSPECIFIED else State.UNSPECIFIED
        ),
        decide_time_ms=now_ms,
        valid_until_ms=case.ends_ms,
        policy=policy.policy.name,
        policy_revision=policy.policy.revision,
    )


def _judged(
    statements: Iterable[Statement],
    policy: CompiledPolicy,
    now_ms: int,
    origin: str,
    max_age_ms: int | None,
) -> _Case:
    case = _Case(policy, now_ms, origin, max_age_ms)
    for one in by_issuer(statements, now_ms, policy.max_age_ms):
        case.add(one)
    case.judge()
    return case


def _without_each_risk(
    statements: Sequence[Statement], case: _Case, max_age_ms: int | None
) -> Verdict:
    """Admit beside a risk that is outweighed only where its absence would not have refused.

    A rule may ask for anything, for a HIGH statement too; but no statement of risk may turn a
    refusal into an admission.
    """
    for one in case.in_force:
        if one.statement.health_code.level not in RISKS:
            continue
        rest = [other for other in statements if other is not one.statement]
        without = _judged(rest, case.policy, case.now_ms, case.origin, max_age_ms)
        if without.verdict() is Verdict.REFUSE:
            reason = DecisionReason.RISK_OPENS_RULE
            case.findings.append(Finding(reason, _CROSS_CHECK, one.statement.issuer))
            return _CROSS_CHECK
    return Verdict.ADMIT


def _strictest_first(finding: Finding) -> tuple[int, str, str, str]:
    return (-finding.verdict, finding.reason, finding.issuer, finding.detail)


def _used(case: _Case) -> tuple[UsedStatement, ...]:
    """List every statement that was looked at, those in force first."""
    used = [UsedStatement(one.statement, one.standing) for one in case.in_force]
    if len(case.recognised) > len(used):
        used += [
            UsedStatement(one.statement, one.standing)
            for one in case.recognised
            if one.standing is not _IN_FORCE
        ]
    for one in case.recognised:
        if one.outdone is not None:
            used.append(UsedStatement(one.outdone, one.outdone_standing))
    for one in case.ignored:
        used.append(UsedStatement(one.statement, Standing.NOT_RECOGNISED))
    return tuple(used)


def _state(case: _Case) -> State:
    """Return the state that is shown where no level is: pending before lapsed before withdrawn."""
    if case.in_force:
        pending = any(one.statement.health_code.state is State.PENDING for one in case.in_force)
        return State.PENDING if pending else State.UNSPECIFIED
    standings = {one.standing for one in case.recognised}
    if standings & {Standing.EXPIRED, Standing.TOO_OLD}:
        return State.EXPIRED
    return State.WITHDRAWN if standings else State.UNSPECIFIED
