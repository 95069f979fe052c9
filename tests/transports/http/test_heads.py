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


def test_a_head_is_read_with_lower_case_names_joined_and_unfolded():
    lines = [b"HTTP/1.1 200\r\n", b"A: 1\r\n", b"a:2 \r\n", b"B: x\r\n", b"\ty\r\n", b"no colon\r\n"]
    assert read_head(lines) == (200, {"a": "1, 2", "b": "x y"})


@pytest.mark.parametrize(
    "headers", [{"content-length": "1", "transfer-encoding": "chunked"}, {"content-length": "1, 2"}]
)
def test_two_lengths_are_refused(headers):
    with pytest.raises(BadAnswer):
        check_length(headers)


@pytest.mark.parametrize("headers", [{}, {"content-length": "1"}, {"content-length": "1, 1"}])
def test_one_length_is_fine(headers):
    check_length(headers)
