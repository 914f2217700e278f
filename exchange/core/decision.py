"""The answer to a check as a value: verdict, reasons, statements used, rendering, reliance."""

from enum import Enum, StrEnum

import msgspec

from exchange.core.health_code import Level
from exchange.core.rendering import Rendering
from exchange.core.standing import Standing
from exchange.core.statement import Statement
from exchange.core.verdict import Verdict


class DecisionReason(StrEnum):
    """Why a decision is what it is. New values may be added; none is ever given a new meaning."""

    LEVEL_ADMITTED = "LEVEL_ADMITTED"
    LEVEL_MEDIUM = "LEVEL_MEDIUM"
    LEVEL_ELEVATED = "LEVEL_ELEVATED"
    LEVEL_HIGH = "LEVEL_HIGH"
    HOLD = "HOLD"
    CONTRADICTED_BY_RELAY = "CONTRADICTED_BY_RELAY"
    NO_STATEMENT = "NO_STATEMENT"
    NOTHING_ACTIVE = "NOTHING_ACTIVE"
    NOTHING_ADMITS = "NOTHING_ADMITS"
    STATEMENT_PENDING = "STATEMENT_PENDING"
    STATEMENT_EXPIRED = "STATEMENT_EXPIRED"
    STATEMENT_WITHDRAWN = "STATEMENT_WITHDRAWN"
    STATEMENT_TOO_OLD = "STATEMENT_TOO_OLD"
    OLDER_THAN_ASKED = "OLDER_THAN_ASKED"
    NOT_RECOGNISED = "NOT_RECOGNISED"
    CROSS_CHECK_ISSUER = "CROSS_CHECK_ISSUER"
    DOCUMENT_NOT_UNIQUE = "DOCUMENT_NOT_UNIQUE"
    DOCUMENT_ONLY = "DOCUMENT_ONLY"
    RULE_FAILED = "RULE_FAILED"
    RULE_NOT_EVALUABLE = "RULE_NOT_EVALUABLE"
    RISK_OPENS_RULE = "RISK_OPENS_RULE"


class Rung(Enum):
    """How far an answer is from the best one; the API's numbers."""

    LIVE = 1
    """Every statement that counts is as new as the caller asked for."""
    OLDER_THAN_ASKED = 2
    """One that the destination accepts is older than the caller asked for, and could not admit."""
    DOCUMENT_ONLY = 3
    """The destination goes by documents alone."""


TEXTS: dict[DecisionReason, tuple[str, str]] = {
    DecisionReason.LEVEL_ADMITTED: (
        "有效的互认健康码为准予通行的等级",
        "A recognised statement in force has an admitted level",
    ),
    DecisionReason.LEVEL_MEDIUM: (
        "存在中风险(黄码)状态",
        "A statement in force says medium risk (yellow)",
    ),
    DecisionReason.LEVEL_ELEVATED: (
        "存在较高风险(橙码)状态",
        "A statement in force says elevated risk (orange)",
    ),
    DecisionReason.LEVEL_HIGH: (
        "存在高风险(红码)状态",
        "A statement in force says high risk (red)",
    ),
    DecisionReason.HOLD: ("健康码带有弹窗提示", "A statement in force carries a hold"),
    DecisionReason.CONTRADICTED_BY_RELAY: (
        "国家平台转送的较新记录更为严格",
        "The national platform relays a newer and stricter statement of the same issuer",
    ),
    DecisionReason.NO_STATEMENT: (
        "没有查到健康码信息",
        "No member has made a statement about this person",
    ),
    DecisionReason.NOTHING_ACTIVE: (
        "没有处于有效状态的健康码",
        "No recognised statement is in force and active",
    ),
    DecisionReason.NOTHING_ADMITS: (
        "没有可据以准予通行的健康码",
        "No recognised statement in force has an admitted level",
    ),
    DecisionReason.STATEMENT_PENDING: ("健康码尚在审核", "A statement is not yet decided"),
    DecisionReason.STATEMENT_EXPIRED: ("健康码已过有效期", "A statement has expired"),
    DecisionReason.STATEMENT_WITHDRAWN: (
        "健康码已被发码地撤回",
        "A statement was withdrawn by its issuer",
    ),
    DecisionReason.STATEMENT_TOO_OLD: (
        "健康码信息超过本地认可的时限",
        "A statement is older than the destination accepts",
    ),
    DecisionReason.OLDER_THAN_ASKED: (
        "健康码信息超过查询方要求的时限",
        "A statement is older than the caller accepts",
    ),
    DecisionReason.NOT_RECOGNISED: (
        "目的地不认可该发码地的健康码",
        "The destination does not recognise the issuer of a statement",
    ),
    DecisionReason.CROSS_CHECK_ISSUER: (
        "目的地对该发码地的健康码需人工核验",
        "The destination cross-checks statements of this issuer",
    ),
    DecisionReason.DOCUMENT_NOT_UNIQUE: (
        "该证件号码可能不唯一",
        "Two people can have the same document of this kind",
    ),
    DecisionReason.DOCUMENT_ONLY: (
        "目的地处于应急状态,仅凭证件人工核验",
        "In an emergency the destination goes by documents alone",
    ),
    DecisionReason.RULE_FAILED: (
        "不符合目的地的通行规定",
        "A rule of the destination is not met",
    ),
    DecisionReason.RULE_NOT_EVALUABLE: (
        "缺少核验目的地通行规定所需的信息",
        "A rule of the destination cannot be evaluated on what is known",
    ),
    DecisionReason.RISK_OPENS_RULE: (
        "若无高风险状态则不予通行,需人工核验",
        "Without a statement of high risk a rule would refuse: risk must not open a way",
    ),
}
"""Text of each reason in Chinese and English."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One reason of a decision.

    Attributes:
        reason: Stable code; its texts are in ``TEXTS``.
        verdict: What it comes to on its own.
        issuer: Whose statement gave it, ``""`` where none did.
        detail: Code of the hold, name of the rule, or ``""``.
        chinese: Text of the rule; ``""`` where the reason's own text in ``TEXTS`` says it.
        english: The same in English.
    """

    reason: DecisionReason
    verdict: Verdict
    issuer: str = ""
    detail: str = ""
    chinese: str = ""
    english: str = ""

    @property
    def texts(self) -> tuple[str, str]:
        """The reason in words: Chinese and English."""
        return (self.chinese, self.english) if self.chinese else TEXTS[self.reason]


class UsedStatement(msgspec.Struct, frozen=True, gc=False):
    """A statement the decision looked at, and how it stood at the instant."""

    statement: Statement
    standing: Standing


class Decision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The answer to one check.

    Attributes:
        verdict: What the checkpoint is told.
        level: Strictest level among the recognised statements in force.
        findings: Why; the strictest first.
        used: The statements looked at, those in force first.
        rendering: In the destination's own colours and words.
        decide_time_ms: The instant of the decision.
        valid_until_ms: Until when it may be relied upon; never before ``decide_time_ms``.
        policy: Name of the policy.
        policy_revision: Its revision.
    """

    verdict: Verdict
    level: Level
    findings: tuple[Finding, ...]
    used: tuple[UsedStatement, ...]
    rendering: Rendering
    decide_time_ms: int
    valid_until_ms: int
    policy: str
    policy_revision: int

    @property
    def rung(self) -> Rung:
        """The rung of the ladder of degradation; an answer that had to be guessed is not given."""
        reasons = {finding.reason for finding in self.findings}
        if DecisionReason.DOCUMENT_ONLY in reasons:
            return Rung.DOCUMENT_ONLY
        if DecisionReason.OLDER_THAN_ASKED in reasons:
            return Rung.OLDER_THAN_ASKED
        return Rung.LIVE
