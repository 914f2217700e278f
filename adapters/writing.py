"""Write one record: the one place that knows the writing rules (catalogue 8).

The result is a mapping from field names to values in the order of the field table; what is absent
is left out. Families turn it into JSON, lines or XML.
"""

from collections.abc import Callable, Mapping
from typing import Final

from adapters.notations import NOTATIONS, Write, write_end
from adapters.record import Field, Record, Role
from adapters.status import compile_status_writer
from adapters.steps import item_cells
from exchange.core.health_code import Document, DocumentType, Test, TestKind
from exchange.core.outcome import NotRepresentableError, Translated

Value = str | int | bool | list["Values"]
Values = dict[str, Value]
"""Field names to values in the order of the field table."""

WriteRecord = Callable[[Translated], Values]
"""From a statement to values; raises NotRepresentableError."""

_WriteField = Callable[[Translated], Value | None]
"""The value of one field; ``""``, an empty list and None are absent."""


def compile_writer(record: Record) -> WriteRecord:
    """Build the writer of a record."""
    type_code = _compile_type(record)
    write_status = compile_status_writer(record)
    type_names = [field.name for field in record.cells if field.role is Role.DOCUMENT_TYPE]
    status_names = [field.name for field in record.cells if field.role is Role.STATUS]
    hold_names = [field.name for field in record.cells if field.role is Role.HOLD]
    plain = [(field.name, _compile_field(record, field)) for field in record.cells]

    def write(said: Translated) -> Values:
        code = type_code(said.document)
        native, holds = write_status(said.health_code)
        from_tables: dict[str, Value | None] = dict.fromkeys(type_names, code)
        from_tables.update(zip(status_names, native, strict=True))
        if record.holds is not None:
            from_tables.update(zip(hold_names, record.holds.write(holds), strict=True))
        elif holds:
            raise NotRepresentableError("holds")
        values: Values = {}
        for name, write_field in plain:
            value = from_tables[name] if name in from_tables else write_field(said)
            if value is not None and value not in ("", []):
                values[name] = value
        return values

    return write


def _compile_type(record: Record) -> Callable[[Document], str]:
    """Find the code of a document's type; a permit without one is written as a resident number."""
    codes: dict[DocumentType, str] = {}
    for code, document_type in (record.id_types or {"": DocumentType.RESIDENT_ID}).items():
        codes.setdefault(document_type, code)
    if DocumentType.RESIDENT_ID in codes:
        codes.setdefault(
            DocumentType.HK_MACAO_TAIWAN_RESIDENCE_PERMIT, codes[DocumentType.RESIDENT_ID]
        )

    def type_code(document: Document) -> str:
        if document.type not in codes:
            raise NotRepresentableError("document.type")
        return codes[document.type]

    return type_code


def _compile_field(record: Record, field: Field) -> _WriteField:
    """Build the writer of one field, by its role."""
    if field.role in _PLAIN:
        return _PLAIN[field.role]
    if field.role in _BY_FIELD:
        return _BY_FIELD[field.role](field)
    if field.role is Role.TESTS:
        return _compile_test_list(record, field)
    if field.role in _TEST_PARTS:
        return _compile_of_latest(record, field)
    # Types, status and holds come from their tables; stand-ins and reports are never written.
    return lambda said: None  # noqa: ARG005


_PLAIN: Final[Mapping[Role, _WriteField]] = {
    Role.DOCUMENT_NUMBER: lambda said: said.document.number,
    Role.REASON: lambda said: said.health_code.reason,
    Role.GUIDANCE: lambda said: said.health_code.guidance,
    Role.RULE: lambda said: said.health_code.rule,
    Role.NATIVE_STATUS: lambda said: said.health_code.native_status,
    Role.DOSES: lambda said: (
        None if said.health_code.vaccination is None else said.health_code.vaccination.doses
    ),
}
"""Fields that are carried as they are."""


def _write_as_of(field: Field) -> _WriteField:
    write = NOTATIONS[field.time].write
    return lambda said: write(said.health_code.as_of_ms)


def _write_valid_until(field: Field) -> _WriteField:
    write = _optional(write_end(NOTATIONS[field.time]))
    return lambda said: write(said.health_code.valid_until_ms)


def _write_region(field: Field) -> _WriteField:
    write = _REGIONS[field.region]
    return lambda said: write(said.health_code.region) if said.health_code.region else None


def _write_issuer(field: Field) -> _WriteField:
    if field.written == "":
        return lambda said: said.issuer[:2]
    return lambda said: field.written  # noqa: ARG005 - a constant of the writing format


def _write_last_dose(field: Field) -> _WriteField:
    read, write = NOTATIONS["date"].read, _optional(NOTATIONS[field.time].write)

    def write_field(said: Translated) -> Value | None:
        vaccination = said.health_code.vaccination
        return None if vaccination is None else write(read(vaccination.last_dose_date))

    return write_field


_BY_FIELD: Final[Mapping[Role, Callable[[Field], _WriteField]]] = {
    Role.AS_OF: _write_as_of,
    Role.VALID_UNTIL: _write_valid_until,
    Role.REGION: _write_region,
    Role.ISSUER: _write_issuer,
    Role.LAST_DOSE_DATE: _write_last_dose,
}
"""Fields whose notation stands in the table."""

_TEST_PARTS: Final = frozenset(
    (Role.TEST_RESULT, Role.SAMPLE_TIME, Role.RESULT_TIME, Role.LABORATORY)
)


def _optional(write: Write) -> Callable[[int | None], Value | None]:
    return lambda instant_ms: None if instant_ms is None else write(instant_ms)


def _short(region: str) -> str:
    return region[:2] if region[2:] == "0000" else region[:4]


_REGIONS: Mapping[str, Callable[[str], str]] = {
    "2": lambda region: region[:2],
    "6": lambda region: region,
    "12": lambda region: region + "000000",
    "2|4": _short,
    "province": lambda region: region[:2],
    "city": lambda region: region[:4] if region[2:4] != "00" else "",
    "county": lambda region: region if region[4:] != "00" else "",
}
"""How a region is written, by the word of ``Field.region``."""

_TestPart = Callable[[Test], Value | None]


def _compile_test_part(record: Record, field: Field) -> _TestPart:
    results = {result: code for code, result in reversed(tuple(record.results.items()))}
    kinds = {kind: code for code, kind in reversed(tuple(record.kinds.items()))}
    match field.role:
        case Role.TEST_KIND:
            return lambda test: kinds[test.kind]
        case Role.TEST_RESULT:
            return lambda test: results[test.result]
        case Role.SAMPLE_TIME:
            sample = _optional(NOTATIONS[field.time].write)
            return lambda test: sample(test.sample_time_ms)
        case Role.RESULT_TIME:
            issued = _optional(NOTATIONS[field.time].write)
            return lambda test: issued(test.result_time_ms)
        case _:
            return lambda test: test.laboratory


def _compile_test_list(record: Record, field: Field) -> _WriteField:
    """A list has all tests of the kinds and results that the format knows, in order."""
    parts = [(item.name, _compile_test_part(record, item)) for item in item_cells(field)]
    kinds = set(record.kinds.values()) or {TestKind.NUCLEIC_ACID}
    results = set(record.results.values())

    def write(said: Translated) -> Value:
        items: list[Values] = []
        for test in said.health_code.tests:
            if test.kind in kinds and test.result in results:
                written = {name: part(test) for name, part in parts}
                items.append(
                    {name: value for name, value in written.items() if value not in (None, "")}
                )
        return items

    return write


def _latest_key(test: Test) -> float:
    """Order tests by sample time, result time where that is absent; neither is the earliest."""
    instant = test.sample_time_ms if test.sample_time_ms is not None else test.result_time_ms
    return float("-inf") if instant is None else instant


def _compile_of_latest(record: Record, field: Field) -> _WriteField:
    """Write a part of the latest test of a kind with a known result, of equal ones the first."""
    part, known, kind = _compile_test_part(record, field), set(record.results.values()), field.test

    def write(said: Translated) -> Value | None:
        tests = [t for t in said.health_code.tests if t.kind is kind and t.result in known]
        return part(max(tests, key=_latest_key)) if tests else None

    return write
