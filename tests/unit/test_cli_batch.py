"""Questions of a batch are read strictly, and their ids never lead out of the folder."""

from pathlib import Path

import pytest

from services.cli.batch import read_question, safe_name
from services.cli.failures import UsageError

FOLDER = Path("/questions")


def test_a_whole_question_is_read() -> None:
    line = (
        b'{"id": "q1", "text": "calm", "clip": "c.mp4", "audio": "/abs/a.mp3", "seed": ["t1"],'
        b' "exclude": ["t2", "t3"], "limit": 5, "raw": true, "relevant": ["t9"]}'
    )
    question = read_question(line, FOLDER)
    assert (question.id, question.text, question.limit, question.raw) == ("q1", "calm", 5, True)
    assert (question.clip, question.audio) == (FOLDER / "c.mp4", Path("/abs/a.mp3"))
    assert (question.seed, question.exclude) == (("t1",), ("t2", "t3"))
    assert question.midi is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\n", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"text": "x"}', "the id is None"),
        (b'{"id": true}', "the id is True"),
        (b'{"id": "a", "text": 3}', "text is 3; it must be of type str"),
        (b'{"id": "a", "limit": "3"}', "limit is '3'"),
        (b'{"id": "a", "limit": true}', "limit is True"),
        (b'{"id": "a", "limit": -1}', "limit is -1; it must be 0 to 2,147,483,647"),
        (b'{"id": "a", "limit": 99999999999}', "limit is 99999999999"),
        (b'{"id": "a", "seed": "t1"}', "seed is 't1'"),
        (b'{"id": "a", "seed": [1]}', "list of track ids"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(line: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_question(line, FOLDER)


@pytest.mark.parametrize("name", ["../up", "a/b", "..", ".", "", "a\\b", "a\0b", "x" * 129])
def test_an_id_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no file name"):
        safe_name(name)


@pytest.mark.parametrize("name", ["q1", "a.b-c_d:e", "42", "...a"])
def test_a_plain_id_is_a_file_name(name: str) -> None:
    assert safe_name(name) == name
