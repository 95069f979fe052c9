"""Heads of requests and responses, read and written without any connection."""

import pytest

from mm_actions.errors import BadAnswer, EncodingFailed
from mm_actions.transports.http.head import check_length, header_lines, read_head


def test_header_lines_are_written_as_libcurl_takes_them():
    assert header_lines([("A", "1"), ("B", "")]) == [b"A: 1", b"B;"]
    assert header_lines([]) == []


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "\u00e9", "\n"])
def test_values_that_leave_their_line_are_refused_and_not_quoted(value):
    with pytest.raises(EncodingFailed) as caught:
        header_lines([("X-Secret", value), ("B", "2")])
    assert value not in str(caught.value)


HEAD = [b"HTTP/1.1 200 OK\r\n", b"A: 1\r\n", b"B:2 \r\n", b"\r\n"]
HINT = [b"HTTP/1.1 103 Early Hints\r\n", b"Link: </a>\r\n", b"\r\n"]


def test_a_head_is_read_with_lower_case_names():
    assert read_head(HEAD) == (200, {"a": "1", "b": "2"})
    assert read_head([line.replace(b"\r\n", b"\n") for line in HEAD]) == (200, {"a": "1", "b": "2"})
    assert read_head([b"HTTP/1.0 404\r\n", b"\r\n"]) == (404, {})


def test_repeated_headers_are_joined_and_folded_ones_unfolded():
    lines = [b"HTTP/1.1 200\r\n", b"A: 1\r\n", b"a:2 \r\n", b"B: x\r\n", b"\ty\r\n", b"no colon\r\n"]
    assert read_head([*lines, b"\r\n"]) == (200, {"a": "1, 2", "b": "x y"})


def test_the_final_head_is_found_among_others():
    assert read_head([*HINT, *HINT, *HEAD]) == (200, {"a": "1", "b": "2"})
    assert read_head([*HEAD, b"X-Trailer: 1\r\n"]) == (200, {"a": "1", "b": "2"})
    assert read_head([*HINT, *HEAD, b"X-Trailer: 1\r\n", b"\r\n"]) == (200, {"a": "1", "b": "2"})


@pytest.mark.parametrize("lines", [[], HEAD[:-1], HEAD[:1], [*HINT, *HEAD[:-1]], HINT, HINT[:-1]])
def test_a_head_without_its_end_is_none(lines):
    assert read_head(lines) is None


@pytest.mark.parametrize("lines", [[b"HTTP/1.1 abc\r\n", b"\r\n"], HINT * 40 + HEAD])
def test_a_head_that_cannot_be_one_is_refused(lines):
    with pytest.raises(BadAnswer):
        read_head(lines)


@pytest.mark.parametrize(
    "headers", [{"content-length": "1", "transfer-encoding": "chunked"}, {"content-length": "1, 2"}]
)
def test_two_lengths_are_refused(headers):
    with pytest.raises(BadAnswer):
        check_length(headers)


@pytest.mark.parametrize("headers", [{}, {"content-length": "1"}, {"content-length": "1, 1"}])
def test_one_length_is_fine(headers):
    check_length(headers)
