"""The population of load tests."""

from exchange.core.documents import examine
from exchange.core.statement import decode_value
from loadtest.population import PEOPLE_MAX, entries, number, people_of

NOW_MS = 1_648_771_200_000


def test_the_same_person_is_the_same_in_every_run() -> None:
    assert list(entries(50, NOW_MS)) == list(entries(50, NOW_MS))


def test_people_have_different_good_document_numbers_born_long_ago() -> None:
    chosen = range(0, PEOPLE_MAX, 70_001)
    numbers = {number(index) for index in chosen}
    assert len(numbers) == len(chosen)
    for one in numbers:
        assert examine("resident-id", one, 20220401).birth_date < "1910"


def test_a_store_of_so_many_statements_gets_that_many() -> None:
    assert len(list(entries(people_of(1_200), NOW_MS))) == 1_200


def test_statements_were_made_before_now_and_can_be_read() -> None:
    for row in entries(200, NOW_MS):
        said = decode_value(row.issuer, row.via, row.value)
        assert said.health_code.as_of_ms < said.receive_time_ms < NOW_MS
