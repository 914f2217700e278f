"""What every operation works with: the store, the subject keys, retention and the clock."""

import msgspec

from exchange.core.subject import SubjectKeys
from exchange.operations.clock import Clock
from exchange.operations.retention import Retention
from exchange.stores.base import Store


class Environment(msgspec.Struct, frozen=True):
    """What every operation works with.

    Attributes:
        store: Where statements are kept.
        keys: For subjects.
        retention: Until when statements are kept.
        clock: The instant now.
    """

    store: Store
    keys: SubjectKeys
    retention: Retention
    clock: Clock

    @property
    def horizon_ms(self) -> int:
        """The earliest as-of time that is kept at this instant."""
        return self.retention.horizon_ms(self.clock())
