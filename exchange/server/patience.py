"""Telling a queue that stands from one that passes: pure, without a clock.

A burst, or a pause of the worker, leaves a queue that shrinks from one look to the next; to refuse
anybody then would be for nothing. More callers than can be answered leave one that stays as long as
it is, and every moment of waiting for it to pass is one in which all of them wait.
"""

PATIENCE_SECONDS = 1.0
"""A delay above its target is borne for so long, whatever becomes of it."""
STANDING_SECONDS = 0.08
"""And for so long where it does not shrink, counted from the first answer that told of it: at a
delay of 45 ms there are three answers by then, and shedding begins 0.18 s after a surge did."""
SHRUNK = 0.9
"""Of the delay before: a pause at eighty per cent of the load shrinks to 0.8 from one probe to the
next, each of which waits for what it measures; at ninety to 0.9."""


class Patience:
    """Looks at one delay after another."""

    def __init__(self) -> None:
        self._before: float | None = None
        self.renew()

    def renew(self) -> None:
        """Begin anew."""
        self._above_seconds = self._standing_seconds = self._since_answer_seconds = 0.0
        self._before = None

    def is_over(self, part: float, elapsed_seconds: float, *, answered: bool) -> bool:
        """Take in a delay; tell whether delays have been borne for long enough.

        Args:
            part: The delay as a part of its target.
            elapsed_seconds: Since the delay before.
            answered: Whether it was measured to its end; else it is that at least.
        """
        if part <= 1:
            self.renew()
            return False
        self._above_seconds += elapsed_seconds
        self._since_answer_seconds += elapsed_seconds
        if answered:
            self._stand(part)
        return self._above_seconds >= PATIENCE_SECONDS or self._standing_seconds >= STANDING_SECONDS

    def _stand(self, part: float) -> None:
        stands = self._before is not None and part >= self._before * SHRUNK
        self._standing_seconds = (
            self._standing_seconds + self._since_answer_seconds if stands else 0.0
        )
        self._before, self._since_answer_seconds = part, 0.0
