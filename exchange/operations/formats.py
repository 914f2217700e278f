"""The members' formats with the keys that the exchange has for them."""

from collections.abc import Mapping

from adapters.base import NO_KEYS, Format, Keys
from exchange.core.errors import FormatKeyMissingError, NotFoundError


class MemberFormats:
    """Finds a member's format and its keys."""

    def __init__(self, formats: Mapping[str, Format], keys: Mapping[str, Keys]) -> None:
        """Take what there is.

        Args:
            formats: By id.
            keys: Keys of formats that sign or encrypt, by format id.
        """
        self._formats = formats
        self._keys = keys

    def of(self, member: str, format_id: str) -> Format:
        """Return one of a member's own formats.

        Raises:
            NotFoundError: There is no such format, or it is another member's.
            FormatKeyMissingError: It signs or encrypts and the settings name no key.
        """
        found = self._formats.get(format_id)
        if found is None or found.member != member:
            raise NotFoundError("format", format_id)
        for key in found.keys:
            if key not in self.keys_of(format_id):
                raise FormatKeyMissingError(format_id, key)
        return found

    def is_opaque(self, format_id: str) -> bool:
        """Tell whether nobody can look for a person in the bytes of a format.

        So it is where payloads are encrypted; formats that only sign count as well, as keys are all
        that a format says of itself. A format that does not exist any more counts too.
        """
        found = self._formats.get(format_id)
        return found is None or bool(found.keys)

    def keys_of(self, format_id: str) -> Keys:
        """Return the keys of a format; empty for one that needs none."""
        return self._keys.get(format_id, NO_KEYS)
