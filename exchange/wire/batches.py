"""A batch of checks to values: what its items have in common is read once.

Most items of a batch differ in the number of a document and in nothing else, and to ask a message
for each of its fields takes longer than all else of reading it. Encoded, such an item is six bytes,
a resident number of 18, and the rest. The six say that a document comes, of which type, and how
long it is; so whatever the number, the rest is a request of its own that names no person, and is
read once. All other items are read field by field. A property test compares both.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from exchange.api.v1 import health_code_pb2, recognition_service_pb2 as pb
from exchange.core.check import Check
from exchange.core.documents import is_plain_resident
from exchange.core.errors import ExchangeError
from exchange.core.health_code import Document, DocumentType
from exchange.core.subject import SubjectKeys
from exchange.wire.checks import terms_of
from exchange.wire.documents import today

ReadItem = Callable[[bytes], Check | None]
"""Reads an encoded check that differs from others in its number only; None: it is no such one."""

_NUMBER_BYTES = 18
_REST_BYTES_MAX = 128
"""Two names of members, a span and a good deal more: rests are kept, so they have to be small."""
_RESTS_KEPT = 4_096
"""Every member for some destinations and origins."""
_BEFORE = pb.CheckHealthCodeRequest(
    document=health_code_pb2.Document(
        type=health_code_pb2.Document.RESIDENT_ID, number="0" * _NUMBER_BYTES
    )
).SerializeToString()[:-_NUMBER_BYTES]
_END = len(_BEFORE) + _NUMBER_BYTES


class _Rest(msgspec.Struct, frozen=True):
    """What stands in a check beside the person."""

    destination: str
    origin: str
    max_age_ms: int | None


def _encoded_batch() -> Any:
    """Return the class of a batch whose items stay encoded: on the wire it is the same."""
    file = FileDescriptorProto(name="encoded_batch.proto")
    field = file.message_type.add(name="EncodedBatch").field.add(name="requests", number=1)
    field.label, field.type = FieldDescriptorProto.LABEL_REPEATED, FieldDescriptorProto.TYPE_BYTES
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName("EncodedBatch"))


_EncodedBatch = _encoded_batch()


def items_of(message: pb.BatchCheckHealthCodesRequest) -> Iterator[bytes]:
    """Give the encoded checks of a batch, in order."""
    return iter(_EncodedBatch.FromString(message.SerializeToString()).requests)


@lru_cache(_RESTS_KEPT)
def _rest(encoded: bytes) -> _Rest | None:
    try:
        message = pb.CheckHealthCodeRequest.FromString(encoded)
        if message.WhichOneof("person") or message.explain or message.receipt:
            return None
        return _Rest(*terms_of(message))
    except (DecodeError, ExchangeError):
        return None


def item_reader(keys: SubjectKeys, now_ms: int) -> ReadItem:
    """Return what reads the items of a batch.

    Args:
        keys: To turn documents into subjects.
        now_ms: The instant, for birth dates.
    """
    day, resident, subjects = today(now_ms), DocumentType.RESIDENT_ID, keys.subjects
    before, start, end, most = _BEFORE, len(_BEFORE), _END, _END + _REST_BYTES_MAX

    def read(item: bytes) -> Check | None:
        if item[:start] != before or len(item) > most:
            return None
        rest = _rest(item[end:])
        # A byte a character: what is not ASCII is no number.
        number = item[start:end].decode("latin-1")
        if rest is None or not is_plain_resident(number, day):
            return None
        subject = subjects(Document(resident, number))
        return Check(subject, rest.destination, rest.origin, rest.max_age_ms)

    return read
