"""Evaluates lines of JSON: `{"logic", "data"}` in, `{"value"}` or `{"error"}` out."""

import json
from functools import lru_cache

from exchange.core.certlogic.compile import Rule, compile_rule
from exchange.core.certlogic.errors import EvaluationError
from exchange.core.certlogic.limits import MAX_LINE_BYTES
from exchange.core.certlogic.reading import (
    UnreadableError,
    UnwritableError,
    read_json,
    write_json,
)
from exchange.core.certlogic.values import Json

REMEMBERED_RULES = 256
"""Rules kept compiled between lines: a file of cases repeats a few rules many times."""


def evaluate_line(line: bytes) -> bytes:
    r"""Evaluate one line; never raises.

    Args:
        line: UTF-8 JSON, an object with `logic` and `data`; other keys are ignored. White space
            around it, the line's end included, does not matter.

    Returns:
        Compact ASCII JSON without a newline: `{"value": ...}`, where a date-time is written as
        text in ISO 8601, UTC, with milliseconds (`"2021-03-01T04:30:00.000Z"`), or
        `{"error": "..."}` with a reason that quotes nothing of the data.
    """
    try:
        logic, data = _read(line)
        value = _compiled(json.dumps(logic)).evaluate(data)
        return write_json({"value": value})
    except UnreadableError as error:
        reason = f"the line cannot be read: {error}"
    except (EvaluationError, UnwritableError) as error:
        reason = str(error)
    return write_json({"error": reason})


def _read(line: bytes) -> tuple[Json, Json]:
    if len(line) > MAX_LINE_BYTES:
        raise UnreadableError(f"it is longer than {MAX_LINE_BYTES} bytes")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise UnreadableError("it is not UTF-8") from None
    content = read_json(text)
    if type(content) is not dict:
        raise UnreadableError("it is not an object")
    for key in ("logic", "data"):
        if key not in content:
            raise UnreadableError(f"it has no {key!r}")
    return content["logic"], content["data"]


@lru_cache(REMEMBERED_RULES)
def _compiled(logic_text: str) -> Rule:
    return compile_rule(read_json(logic_text))
