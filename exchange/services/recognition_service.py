"""RecognitionService: single and batch checks."""

from collections.abc import Sequence

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
from exchange.operations.check import Checker
from exchange.operations.environment import Environment
from exchange.operations.lookup import Found
from exchange.wire.answers import (
    Answer,
    Answers,
    EncodedResponse,
    answer_of,
    encoded_batch,
    encoded_single,
)
from exchange.wire.batches import item_reader, items_of
from exchange.wire.checks import check_of, fill_decision
from exchange.wire.limits import check_count
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
        self._kept = Answers()

    async def CheckHealthCode(
        self, request: pb.CheckHealthCodeRequest, caller: Caller
    ) -> pb.CheckHealthCodeResponse | EncodedResponse:
        """Check one person."""
        check = self._question(request, caller, self._clock())
        if _at_length(request):
            return await self._answer_at_length(request, check, caller)
        (answer,) = await self._answers((check,))
        if isinstance(answer, ExchangeError):
            raise answer
        return encoded_single(check, answer)

    async def CheckHealthCodeGroup(
        self, asked: Sequence[tuple[pb.CheckHealthCodeRequest, Caller]]
    ) -> list[EncodedResponse | ExchangeError | None]:
        """Check one person for each of several callers; None where an answer takes longer."""
        now_ms = self._clock()
        questions: list[Check | ExchangeError | None] = []
        for request, caller in asked:
            try:
                at_length = _at_length(request)
                questions.append(None if at_length else self._question(request, caller, now_ms))
            except ExchangeError as error:
                questions.append(error)
        answers = iter(await self._answers([one for one in questions if one is not None]))
        return [None if one is None else _response(one, next(answers)) for one in questions]

    def _question(self, request: pb.CheckHealthCodeRequest, caller: Caller, now_ms: int) -> Check:
        if caller.kind is CallerKind.CHECKPOINT:
            _check_allowed(request, caller)
        return check_of(request, self._keys, now_ms)

    async def _answers(
        self, questions: Sequence[Check | ExchangeError]
    ) -> list[Answer | ExchangeError]:
        """Answer questions in order; an error stays at its place."""
        checks = [question for question in questions if isinstance(question, Check)]
        reads, now_ms = await self._checker.read(checks) if checks else (iter(()), 0)
        answers = self._answered(checks, reads, now_ms)
        if len(answers) == len(questions):
            return answers
        left = iter(answers)
        return [one if isinstance(one, ExchangeError) else next(left) for one in questions]

    def _answered(
        self, checks: Sequence[Check], reads: Found, now_ms: int
    ) -> list[Answer | ExchangeError]:
        """Answer from outlines where the case is an ordinary one."""
        # In one function, as a batch does this a thousand times.
        checker, kept = self._checker, self._kept
        policies, is_recorded = checker.policies_at(now_ms), checker.is_recorded
        answers: list[Answer | ExchangeError] = []
        for check, read in zip(checks, reads, strict=True):
            if isinstance(read, StoreError):
                answers.append(read)
                continue
            policy = policies[check.destination]
            if isinstance(policy, StoreError):
                answers.append(policy)
                continue
            recorded = is_recorded()
            answer = None
            if check.max_age_ms is None and not recorded:
                answer = kept.answer(read, policy, now_ms, check.origin)
            if answer is None:
                answer = answer_of(checker.decide(check, read, policy, now_ms, recorded=recorded))
            answers.append(answer)
        return answers

    async def _answer_at_length(
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
        check_count("requests", len(request.requests), CHECKS_MAX)
        questions = self._questions(request, caller)
        return encoded_batch(questions, await self._answers(questions))

    def _questions(
        self, request: pb.BatchCheckHealthCodesRequest, caller: Caller
    ) -> list[Check | ExchangeError]:
        now_ms = self._clock()
        read = item_reader(self._keys, now_ms)
        # Destinations of its own are all that a checkpoint may name; a document is what is read.
        own = caller.member if caller.kind is CallerKind.CHECKPOINT else None
        questions: list[Check | ExchangeError] = []
        for index, item in enumerate(items_of(request)):
            check = read(item)
            if check is not None and (own is None or check.destination == own):
                questions.append(check)
                continue
            one = request.requests[index]
            try:
                if _at_length(one):
                    questions.append(_too_long(f"requests[{index}]"))
                else:
                    questions.append(self._question(one, caller, now_ms))
            except InvalidRequestError as error:
                questions.append(error.within(f"requests[{index}]"))
            except ExchangeError as error:
                questions.append(error)
        return questions


def _at_length(request: pb.CheckHealthCodeRequest) -> bool:
    return request.explain or request.receipt


def _too_long(field: str) -> InvalidRequestError:
    return InvalidRequestError(field, "asks for an explanation or a receipt in a batch")


def _response(
    question: Check | ExchangeError, answer: Answer | ExchangeError
) -> EncodedResponse | ExchangeError:
    if isinstance(question, ExchangeError):
        return question
    return answer if isinstance(answer, ExchangeError) else encoded_single(question, answer)


def _check_allowed(request: pb.CheckHealthCodeRequest, caller: Caller) -> None:
    """Hold a checkpoint to its own destination and to documents."""
    if request.destination != member_name(caller.member):
        raise PermissionDeniedError(
            "A checkpoint checks for its own destination only.", member=caller.member
        )
    if request.WhichOneof("person") == "subject":
        raise PermissionDeniedError("A checkpoint asks by document only.", member=caller.member)
