"""Telling a queue that stands from one that passes: pure, without a clock.

A burst, or a pause of the worker, leaves a queue that shrinks from one look to the next; to refuse
anybody then would be for nothing. More callers than can be answered leave one that stays as long as
it is, and every moment of waiting for it to pass is one in which all of them wait.
"""

PATIENCE_SECONDS = 1.0
"""A delay above its target is borne for so long, whatever becomes of it."""
STANDING_SECONDS = 0.12
"""And for so long where it does not shrink, counted from the first answer that told of it."""
STANDING_PART = 6.0
"""That, where it is so many times its target at least: ten times too much makes a queue of that
kind at once, and shorter ones do no harm for a second."""
ALERT_SECONDS = 10.0
"""For so long after calls were shed, those who were refused come back in waves ..."""
ALERT_PART = 2.0
"""... and shorter queues are enough: a wave is of those that the surge consists of."""
SHRUNK = 0.9
"""Of the delay before: a pause at eighty per cent of the load shrinks to 0.8 from one probe to the
next, each of which waits for what it measures; at ninety to 0.9."""


class Patience:
    """Looks at one delay after another."""

    def __init__(self) -> None:
        self._before: float | None = None
        self._alert_seconds = 0.0
        self._renew()

    def be_alert(self) -> None:
        """Begin anew after calls were shed."""
        self._alert_seconds = ALERT_SECONDS
        self._renew()

    def _renew(self) -> None:
        self._above_seconds = self._standing_seconds = self._since_answer_seconds = 0.0
        self._before = None

    def is_over(self, part: float, elapsed_seconds: float, *, answered: bool) -> bool:
        """Take in a delay; tell whether delays have been borne for long enough.

        Args:
            part: The delay as a part of its target.
            elapsed_seconds: Since the delay before.
            answered: Whether it was measured to its end; else it is that at least.
        """
        self._alert_seconds = max(0.0, self._alert_seconds - elapsed_seconds)
        if part <= 1:
            self._renew()
            return False
        self._above_seconds += elapsed_seconds
        self._since_answer_seconds += elapsed_seconds
        if answered:
            self._stand(part)
        return self._above_seconds >= PATIENCE_SECONDS or self._standing_seconds >= STANDING_SECONDS

    def _stand(self, part: float) -> None:
        before = self._before
        least = ALERT_PART if self._alert_seconds else STANDING_PART
        stands = before is not None and part >= max(least, before * SHRUNK)
        self._standing_seconds = (
            self._standing_seconds + self._since_answer_seconds if stands else 0.0
        )
        self._before, self._since_answer_seconds = part, 0.0
