"""What a member may ask and hand in per second, and how long one that has used it up has to wait.

The generic cell rate algorithm, in a form for calls whose size is known only after they were let
in: a call is let in when at least one item is free, and whatever it turns out to hold is charged to
the member afterwards, into debt if need be. So nothing is parsed to be refused, a call larger than
the burst is no special case, and the wait that a refusal names is exact: after it, a call of any
size is let in. No kept library has this algorithm with a state this small: one integer.
"""

import msgspec

SECOND_NS = 1_000_000_000


class Allowance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rate, and how far one may run ahead of it.

    Attributes:
        per_second: Items per second in the long run, more than 0.
        burst: Items that may come at once, at least 1.
    """

    per_second: float
    burst: int

    def __post_init__(self) -> None:
        """Refuse what would let nothing in.

        Raises:
            ValueError: The rate is not above 0, or the burst is below 1.
        """
        if not 0 < self.per_second <= SECOND_NS:
            raise ValueError("per_second is not above 0, or above a billion")
        if self.burst < 1:
            raise ValueError("burst is below 1")

    @property
    def interval_ns(self) -> int:
        """Time that one item takes up."""
        return max(1, round(SECOND_NS / self.per_second))

    def share(self, of: int) -> "Allowance":
        """Return what each of several workers enforces, so that together they enforce this."""
        return Allowance(self.per_second / of, max(1, self.burst // of))


def wait_ns(allowance: Allowance, paid_until_ns: int, now_ns: int) -> int:
    """Return how long a call has to wait until it is let in; 0: it is let in now.

    Args:
        allowance: What the caller may do.
        paid_until_ns: The instant up to which its items so far take up its rate.
        now_ns: The instant now, on the same clock.
    """
    ahead_ns = paid_until_ns - now_ns
    return max(0, ahead_ns - (allowance.burst - 1) * allowance.interval_ns)


def charge(allowance: Allowance, paid_until_ns: int, now_ns: int, items: int) -> int:
    """Return the instant up to which the rate is taken up with so many items more."""
    return max(paid_until_ns, now_ns) + items * allowance.interval_ns


def carried_over(old: Allowance, new: Allowance, paid_until_ns: int, now_ns: int) -> int:
    """Return the instant under a new allowance: what is owed is items, and costs them anew."""
    ahead_ns = max(0, paid_until_ns - now_ns)
    return now_ns + ahead_ns * new.interval_ns // old.interval_ns


class MemberLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one member may do; None: no quota.

    Attributes:
        lookups: Persons asked about, by the member and its checkpoints.
        records: Records handed in.
    """

    lookups: Allowance | None = None
    records: Allowance | None = None

    def share(self, of: int) -> "MemberLimits":
        """Return what each of several workers enforces."""
        return MemberLimits(
            lookups=self.lookups and self.lookups.share(of),
            records=self.records and self.records.share(of),
        )


class CallerLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each member may do.

    Attributes:
        default: For members without an entry of their own.
        members: By six-digit code; what an entry leaves out has no quota.
    """

    default: MemberLimits = MemberLimits()
    members: dict[str, MemberLimits] = {}

    def of(self, member: str) -> MemberLimits:
        """Return what a member may do."""
        return self.members.get(member, self.default)

    def share(self, of: int) -> "CallerLimits":
        """Return what each of several workers enforces."""
        members = {code: one.share(of) for code, one in self.members.items()}
        return CallerLimits(default=self.default.share(of), members=members)
