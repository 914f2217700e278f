"""Which revision of a destination's policy is in force when: activations in order, pure rules."""

from enum import StrEnum

import msgspec

REVISIONS_MAX = 500
"""Revisions of one destination; at one a day more than a year."""
REASON_CHARACTERS_MAX = 500

NO_REVISION = 0
"""Stands for the national default: what is in force before anything is published."""


class RevisionState(StrEnum):
    """What has become of a revision."""

    DRAFT = "DRAFT"
    """Never activated."""
    ACTIVE = "ACTIVE"
    """In force, or to come in force at its time."""
    RETIRED = "RETIRED"
    """Was in force, or was taken back before it came in force."""


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """One change of what is in force. Never removed.

    Attributes:
        revision: Comes in force; ``NO_REVISION`` for the national default.
        valid_from_ms: From when.
        made_ms: When it was decided.
        rollback: Whether it takes a revision back.
        reason: Why the notice period was waived, or why it was rolled back; may be empty.
        cancelled: Whether it was taken back before it came in force.
    """

    revision: int
    valid_from_ms: int
    made_ms: int
    rollback: bool = False
    reason: str = ""
    cancelled: bool = False


class RevisionEntry(msgspec.Struct, frozen=True):
    """A revision that exists.

    Attributes:
        revision: 1, 2, 3 ...
        created_ms: When it was handed in.
    """

    revision: int
    created_ms: int


class Ledger(msgspec.Struct, frozen=True):
    """Everything about a destination's policy but the content of its revisions.

    Attributes:
        revisions: In order, without gaps.
        activations: In the order in which they were made.
    """

    revisions: tuple[RevisionEntry, ...] = ()
    activations: tuple[Activation, ...] = ()

    @property
    def next_revision(self) -> int:
        """Number of the next revision."""
        return len(self.revisions) + 1

    def has(self, revision: int) -> bool:
        """Tell whether there is such a revision."""
        return 1 <= revision <= len(self.revisions)

    def timeline(self) -> tuple[Activation, ...]:
        """Return what counts, by the time from which it counts; of equals the later made one."""
        made = [one for one in self.activations if not one.cancelled]
        return tuple(sorted(made, key=lambda one: one.valid_from_ms))

    def in_force(self, now_ms: int) -> int:
        """Return the revision in force at an instant, ``NO_REVISION`` for the default."""
        found = NO_REVISION
        for one in self.timeline():
            if one.valid_from_ms <= now_ms:
                found = one.revision
        return found

    def before(self, now_ms: int) -> int | None:
        """Return the revision in force just before the one in force; None where there is none."""
        past = [one.revision for one in self.timeline() if one.valid_from_ms <= now_ms]
        sequence = [NO_REVISION, *past]
        current = sequence[-1]
        return next((one for one in reversed(sequence) if one != current), None)

    def scheduled(self, now_ms: int) -> tuple[Activation, ...]:
        """Return what is to come in force."""
        return tuple(one for one in self.timeline() if one.valid_from_ms > now_ms)

    def in_force_until(self, now_ms: int, end_ms: int) -> tuple[int, ...]:
        """Return what is in force now, and what comes in force before a time, in order."""
        to_come = [one.revision for one in self.scheduled(now_ms) if one.valid_from_ms < end_ms]
        return (self.in_force(now_ms), *to_come)

    def state_of(self, revision: int, now_ms: int) -> RevisionState:
        """Return what has become of a revision."""
        to_come = {one.revision for one in self.scheduled(now_ms)}
        if revision == self.in_force(now_ms) or revision in to_come:
            return RevisionState.ACTIVE
        if any(one.revision == revision for one in self.activations):
            return RevisionState.RETIRED
        return RevisionState.DRAFT

    def with_revision(self, now_ms: int) -> "Ledger":
        """Add the next revision as a draft."""
        entry = RevisionEntry(self.next_revision, now_ms)
        return msgspec.structs.replace(self, revisions=(*self.revisions, entry))

    def activated(
        self, revision: int, valid_from_ms: int, now_ms: int, reason: str = ""
    ) -> "Ledger":
        """Bring a revision in force from a time on; what was to come after that is cancelled."""
        made = Activation(
            revision=revision, valid_from_ms=valid_from_ms, made_ms=now_ms, reason=reason
        )
        return self._with(made, cancel_from_ms=max(valid_from_ms, now_ms + 1))

    def rolled_back(self, revision: int, now_ms: int, reason: str) -> "Ledger":
        """Go back to a revision at once; what was to come is cancelled, as it built on the rest."""
        made = Activation(
            revision=revision, valid_from_ms=now_ms, made_ms=now_ms, rollback=True, reason=reason
        )
        return self._with(made, cancel_from_ms=now_ms + 1)

    def _with(self, made: Activation, cancel_from_ms: int) -> "Ledger":
        kept = [
            msgspec.structs.replace(one, cancelled=True)
            if one.valid_from_ms >= cancel_from_ms and not one.cancelled
            else one
            for one in self.activations
        ]
        return msgspec.structs.replace(self, activations=(*kept, made))
