"""RecognitionService: single and batch checks."""

from exchange.api.v1 import recognition_service_pb2 as pb
from exchange.core.caller import Caller, CallerKind
from exchange.core.check import Check
from exchange.core.errors import (
    ExchangeError,
    InvalidRequestError,
    PermissionDeniedError,
    StoreError,
)
from exchange.core.explanation import explain
from exchange.core.receipt import make_receipt
from exchange.core.statement import Statement
from exchange.operations.check import Checker
from exchange.operations.environment import Environment
from exchange.wire.answers import Answer, Answers, EncodedResponse, answer_of, encoded_batch
from exchange.wire.checks import check_of, fill_decision
from exchange.wire.names import member_name
from exchange.wire.policies import fill_explanation

CHECKS_MAX = 1_000
"""Checks of one batch: some ten milliseconds of work, so that single checks wait no longer."""


class RecognitionService:
    """Serves ``exchange.api.v1.RecognitionService``."""

    def __init__(self, checker: Checker, environment: Environment) -> None:
        self._checker = checker
        self._keys = environment.keys
        self._clock = environment.clock
        self._answers = Answers()

    async def CheckHealthCode(
        self, request: pb.CheckHealthCodeRequest, caller: Caller
    ) -> pb.CheckHealthCodeResponse | EncodedResponse:
        """Check one person."""
        _check_allowed(request, caller)
        check = check_of(request, self._keys, self._clock())
        if request.explain or request.receipt:
            return await self._at_length(request, check, caller)
        (read,), now_ms = await self._checker.read((check,))
        if isinstance(read, StoreError):
            raise read
        answer = self._answer(check, read, now_ms)
        return EncodedResponse(answer.as_response(), (answer,))

    def _answer(self, check: Check, statements: tuple[Statement, ...], now_ms: int) -> Answer:
        """Answer from an outline where the case is an ordinary one."""
        recorded = self._checker.is_recorded()
        if check.max_age_ms is None and not recorded:
            policy = self._checker.policy_of(check, now_ms)
            answer = self._answers.answer(statements, policy, now_ms)
            if answer is not None:
                return answer
        return answer_of(self._checker.decide(check, statements, now_ms, recorded=recorded))

    async def _at_length(
        self, request: pb.CheckHealthCodeRequest, check: Check, caller: Caller
    ) -> pb.CheckHealthCodeResponse:
        """Answer with what shows statements: an explanation, a receipt."""
        if caller.kind != CallerKind.MEMBER:
            raise PermissionDeniedError(
                "Explanations and receipts hold statements: members only ask for them.",
                caller_kind=caller.kind.value,
            )
        checked = await self._checker.check_one(check)
        response = pb.CheckHealthCodeResponse()
        fill_decision(response.decision, checked.decision)
        if request.explain:
            fill_explanation(response.explanation, explain(checked.question, checked.policy))
        if request.receipt:
            response.receipt = make_receipt(checked.question, checked.policy, checked.decision)
        return response

    async def BatchCheckHealthCodes(
        self, request: pb.BatchCheckHealthCodesRequest, caller: Caller
    ) -> EncodedResponse:
        """Check many persons; an item's error stands at its place."""
        count = len(request.requests)
        if count > CHECKS_MAX:
            raise InvalidRequestError(
                "requests", f"has {count} elements, at most {CHECKS_MAX} are taken"
            )
        questions = self._questions(request, caller)
        checks = [question for question in questions if isinstance(question, Check)]
        reads, now_ms = await self._checker.read(checks) if checks else ([], 0)
        left = iter(reads)
        results: list[Answer | ExchangeError] = []
        for question in questions:
            if isinstance(question, ExchangeError):
                results.append(question)
                continue
            read = next(left)
            if isinstance(read, StoreError):
                results.append(read)
            else:
                results.append(self._answer(question, read, now_ms))
        return encoded_batch(results)

    def _questions(
        self, request: pb.BatchCheckHealthCodesRequest, caller: Caller
    ) -> list[Check | ExchangeError]:
        now_ms = self._clock()
        questions: list[Check | ExchangeError] = []
        for index, one in enumerate(request.requests):
            try:
                _check_allowed(one, caller)
                if one.explain or one.receipt:
                    raise InvalidRequestError(
                        f"requests[{index}]", "asks for an explanation or a receipt in a batch"
                    )
                questions.append(check_of(one, self._keys, now_ms, f"requests[{index}]."))
            except ExchangeError as error:
                questions.append(error)
        return questions


def _check_allowed(request: pb.CheckHealthCodeRequest, caller: Caller) -> None:
    """Hold a checkpoint to its own destination and to documents."""
    if caller.kind != CallerKind.CHECKPOINT:
        return
    if request.destination != member_name(caller.member):
        raise PermissionDeniedError(
            "A checkpoint checks for its own destination only.", member=caller.member
        )
    if request.WhichOneof("person") == "subject":
        raise PermissionDeniedError("A checkpoint asks by document only.", member=caller.member)
