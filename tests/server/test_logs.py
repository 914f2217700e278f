"""Log lines say what happened and hold nothing of a person."""

import io
import json

import pytest
import structlog

from exchange.server.logs import configure_logs, without_values
from exchange.settings import Settings
from tests.people import resident


def _look_up(number: str) -> str:
    try:
        known: dict[str, str] = {}
        return known[number]
    except KeyError as error:
        raise ValueError(f"no {number}") from error


def test_a_traceback_shows_classes_and_places_but_no_values() -> None:
    number = resident(9)
    with pytest.raises(ValueError, match="no") as caught:
        _look_up(number)
    event = without_values(None, "", {"event": "defect", "exc_info": caught.value})
    assert event["error"] == "ValueError <- KeyError"
    assert any("test_logs.py" in place and "_look_up" in place for place in event["places"])
    assert number not in json.dumps(event)


def test_lines_are_one_json_object_each() -> None:
    stream = io.StringIO()
    configure_logs(Settings(log_format="json"), stream)
    structlog.get_logger("test").info("call", method="CheckHealthCode")
    structlog.get_logger("test").debug("too fine")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["method"] == "CheckHealthCode"


def test_a_logger_follows_when_logs_go_elsewhere() -> None:
    logger = structlog.get_logger("test")
    streams = io.StringIO(), io.StringIO()
    for stream in streams:
        configure_logs(Settings(log_format="json"), stream)
        logger.info("call")
    assert [len(stream.getvalue().splitlines()) for stream in streams] == [1, 1]
