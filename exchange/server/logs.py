"""Structured logs: one line a call, without personal data.

What may be logged are names of methods, codes, reasons, callers and durations; never a field of a
request, a document, a free text, or the text of an error that is not our own: engines and libraries
put values into theirs. A traceback is logged as classes and places, without texts and variables.
"""

import logging
import sys
import traceback
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from exchange.metrics import trace
from exchange.settings import Settings

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_CAUSES_MAX = 5
"""How far a chain of causes is followed."""


def without_values(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by the classes of the error and its causes, and where they came from."""
    error = event.pop("exc_info", None)
    if not isinstance(error, BaseException):
        return event
    classes: list[str] = []
    places: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(classes) < _CAUSES_MAX:
        classes.append(type(cause).__qualname__)
        frames = traceback.extract_tb(cause.__traceback__)
        places += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        cause = cause.__cause__ or cause.__context__
    event["error"] = " <- ".join(classes)
    event["places"] = places
    return event


def with_trace(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Add the trace and the request id of the call that is being served."""
    return {**event, **trace.fields()}


def processors(renderer: Processor) -> list[Processor]:
    """Return what every log line goes through, in order."""
    return [
        structlog.contextvars.merge_contextvars,
        with_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_values,
        renderer,
    ]


def configure_logs(settings: Settings, stream: TextIO = sys.stderr) -> None:
    """Send log lines to a stream, for people or as JSON."""
    structlog.configure(
        processors=processors(
            structlog.processors.JSONRenderer(ensure_ascii=False)
            if settings.log_format == "json"
            else structlog.dev.ConsoleRenderer(colors=False)
        ),
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log_level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        # A logger that is cached keeps its stream whatever is configured later, and saves a
        # microsecond of the eleven that a line costs.
        cache_logger_on_first_use=False,
    )
