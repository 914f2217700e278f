"""Unknown fields are looked for in the first payload, and now and then in the others."""

from adapters.registry import FORMATS
from exchange.operations.looks import LOOK_EVERY, Looks

NAMED, OTHER = FORMATS["510000-status-v1"], FORMATS["360000-ndjson-v1"]
WITHOUT_NAMES = FORMATS["540000-fixed-v1"]
EXTRA = b'{"data":{"cid":"x","extra":1}}'


def test_the_first_payload_is_looked_at_and_one_in_a_thousand_of_the_others() -> None:
    looks = Looks()
    counts = [looks.count(NAMED, EXTRA, {}, first=at == 0) for at in range(2 * LOOK_EVERY + 1)]
    assert [at for at, unknown in enumerate(counts) if unknown] == [0, LOOK_EVERY, 2 * LOOK_EVERY]


def test_every_first_payload_is_looked_at() -> None:
    looks = Looks()
    assert [looks.count(NAMED, EXTRA, {}, first=True) for _ in range(3)] == [1, 1, 1]


def test_formats_are_passed_over_apart_from_each_other() -> None:
    looks = Looks()
    for _ in range(LOOK_EVERY - 1):
        assert not looks.due(NAMED, first=False)
    assert not looks.due(OTHER, first=False)
    assert looks.due(NAMED, first=False)


def test_a_format_without_names_is_never_looked_at() -> None:
    assert not Looks().due(WITHOUT_NAMES, first=True)
