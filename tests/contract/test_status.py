"""What an HTTP answer means."""

import pytest

from mm_actions import errors
from mm_actions.contract.status import TABLE, answer_of, error_of, retry_after, row_of
from mm_actions.errors import InvocationError, Sent

JSON = {"content-type": "application/json"}
NOW = 1_700_000_000.0


def classes_below(kind):
    children = (child for child in kind.__subclasses__() if child.__module__ == errors.__name__)
    return {kind}.union(*map(classes_below, children))


@pytest.mark.parametrize("status", [200, 201, 202, 203, 299])
@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=UTF-8", "application/hal+json"]
)
def test_every_success_with_a_valid_body_is_an_answer(status, content_type):
    assert answer_of(status, {"content-type": content_type}, b'{"frame": {"a": 1}}', now=NOW).frame == {
        "a": 1
    }


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (204, {}, b""),
        (204, JSON, b""),
        (204, {"content-type": "text/html"}, b""),
        (200, {}, b""),
        (201, {}, b""),
    ],
)
def test_an_empty_success_changes_nothing(status, headers, body):
    answer = answer_of(status, headers, body, now=NOW)
    assert (answer.directives, answer.frame, answer.slots, answer.params) == (None, None, None, None)


def test_a_body_that_claims_to_be_json_and_is_empty_is_refused():
    with pytest.raises(errors.BadPayload):
        answer_of(200, JSON, b"", now=NOW)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "text/plain",
        "application/problem+json",
        "application/json; charset=latin-1",
        "jsonp",
        "*/*",
    ],
)
def test_a_success_that_is_not_json_by_its_own_account_is_refused(content_type):
    with pytest.raises(
        errors.BadContentType, match=content_type.split(";")[0].replace("*", r"\*").replace("+", r"\+")
    ):
        answer_of(200, {"content-type": content_type}, b"{}", now=NOW)


def test_a_body_without_an_account_is_read_as_json():
    assert answer_of(200, {}, b'{"frame": {}}', now=NOW).frame == {}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (206, errors.BadStatus),
        (301, errors.Redirected),
        (307, errors.Redirected),
        (304, errors.Redirected),
        (400, errors.RequestRefused),
        (401, errors.NotAuthorized),
        (403, errors.NotAuthorized),
        (404, errors.ActionNotFound),
        (405, errors.RequestRefused),
        (409, errors.InProgress),
        (410, errors.EndpointGone),
        (413, errors.RequestRefused),
        (418, errors.RequestRefused),
        (422, errors.RequestRefused),
        (429, errors.TooManyRequests),
        (449, errors.DomainMissing),
        (500, errors.ServerFailed),
        (501, errors.ServerFailed),
        (502, errors.ServerUnavailable),
        (503, errors.ServerUnavailable),
        (504, errors.ServerUnavailable),
        (600, errors.BadStatus),
        (102, errors.BadStatus),
    ],
)
def test_every_other_status_is_one_typed_error(status, error):
    with pytest.raises(error) as caught:
        answer_of(status, JSON, b"{}", now=NOW)
    assert type(caught.value) is error
    assert (caught.value.status, caught.value.sent) == (status, Sent.YES)
    assert str(status) in str(caught.value)


def test_the_servers_own_account_is_kept_beside_the_message():
    headers = {"content-type": "application/problem+json"}
    body = b'{"title": "secret words", "detail": "d", "errors": [{"pointer": "/a", "detail": "e"}]}'
    error = error_of(422, headers, body, now=NOW)
    assert error.problem.title == "secret words"
    assert error.problem.errors[0].pointer == "/a"
    assert "secret words" not in str(error)
    assert error_of(422, headers, b"{", now=NOW).problem is None
    assert error_of(422, JSON, body, now=NOW).problem is None


def test_a_redirect_says_where_it_pointed():
    assert error_of(302, {"location": "http://elsewhere/"}, b"", now=NOW).location == "http://elsewhere/"


def test_a_server_can_forbid_another_attempt():
    assert error_of(503, {"x-mm-should-retry": "False"}, b"", now=NOW).do_not_retry is True
    assert error_of(503, {}, b"", now=NOW).do_not_retry is False


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("99999", 99999.0),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("²", None),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("Tue, 14 Nov 2023 22:13:10 GMT", 0.0),
        ("Tue, 99 Nov 2023 22:13:10 GMT", None),
    ],
)
def test_retry_after_is_read_or_ignored(value, seconds):
    assert retry_after(value, now=NOW) == seconds


def test_each_error_has_a_row_and_each_status_one_error():
    assert all(row_of(kind("x")).exit_code > 0 for kind in classes_below(InvocationError) - {InvocationError})
    statuses = [status for row in TABLE for status in row.statuses]
    assert len(statuses) == len(set(statuses))


def test_each_error_has_a_kind_of_its_own():
    kinds = [kind.kind for kind in classes_below(InvocationError)]
    assert len(kinds) == len(set(kinds))


def test_each_error_stands_in_the_drawing_of_the_tree():
    for kind in classes_below(errors.CustomActionException):
        assert f":exc:`{kind.__name__}`" in errors.__doc__


def test_a_message_names_action_server_kind_cause_and_next_step():
    error = errors.ConnectFailed("refused", hint="Start it", action="greet", server="java", attempt=2)
    assert str(error) == "greet on java failed (connect-failed, sent: no): refused. Start it"
    assert str(errors.ConnectFailed("refused")) == (
        "the action on the server failed (connect-failed, sent: no): refused"
    )


@pytest.mark.parametrize("status", [400, 409, 422, 500])
def test_a_problem_of_the_type_rejected_means_that_the_action_declined_whatever_the_status(status):
    headers = {"content-type": "application/problem+json"}
    body = b'{"type": "urn:mm-actions:problem:rejected", "title": "not today"}'
    error = error_of(status, headers, body, now=NOW)
    assert type(error) is errors.ActionRejected
    assert (error.status, error.problem.title) == (status, "not today")
