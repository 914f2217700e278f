import hashlib
import hmac

import pytest

from exchange.core.errors import StartError
from exchange.core.health_code import Document, DocumentType
from exchange.core.subject import SUBJECT_BYTES, SubjectKey, parse_key_file

SECRET = bytes(range(32))
PERSON = Document(DocumentType.RESIDENT_ID, "510102190402290011")


def test_a_subject_is_the_generation_and_half_of_the_keyed_hash() -> None:
    text = b"\x01RESIDENT_ID\x00\x00510102190402290011"
    expected = hmac.new(SECRET, text, lambda: hashlib.new("sm3")).digest()[:16]
    assert SubjectKey(7, SECRET).subject(PERSON) == b"\x07" + expected
    assert len(SubjectKey(7, SECRET).subject(PERSON)) == SUBJECT_BYTES


def test_type_number_and_key_all_make_another_subject() -> None:
    key = SubjectKey(1, SECRET)
    passport = Document(DocumentType.PASSPORT, "E12345678")
    other = Document(DocumentType.OTHER, "E12345678")
    subjects = {key.subject(passport), key.subject(other), key.subject(PERSON)}
    subjects.add(SubjectKey(1, SECRET[::-1]).subject(PERSON))
    assert len(subjects) == 4


def test_the_newest_generation_is_written_and_all_are_read() -> None:
    keys = parse_key_file(f"# old\n1:{'aa' * 32}\n\n 2 : {'bb' * 32} \n", "k")
    assert [key.generation for key in keys.keys] == [2, 1]
    assert keys.subject(PERSON) == keys.subjects(PERSON)[0]
    assert [subject[0] for subject in keys.subjects(PERSON)] == [2, 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no key"),
        ("# nothing\n", "holds no key"),
        ("1:zz", "Line 1"),
        ("1:" + "aa" * 31, "31 bytes"),
        ("1:" + "a" * 65, "Line 1"),
        ("256:" + "aa" * 32, "over 255"),
        (f"1:{'aa' * 32}\n1:{'bb' * 32}", "twice"),
    ],
)
def test_an_unusable_key_file_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(StartError, match=says) as caught:
        parse_key_file(text, "subject.key")
    assert "aaaa" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_neither_keys_nor_documents_show_themselves() -> None:
    assert SECRET.hex() not in repr(SubjectKey(1, SECRET))
    assert repr(SECRET) not in repr(SubjectKey(1, SECRET))
    assert PERSON.number not in repr(PERSON) + str(PERSON)


def test_the_check_value_tells_keys_apart_and_is_no_subject() -> None:
    one, other = SubjectKey(1, SECRET), SubjectKey(1, SECRET[::-1])
    assert one.check_value() != other.check_value()
    assert one.check_value() not in one.subject(PERSON)
