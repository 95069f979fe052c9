import json

from hypothesis import given
from hypothesis import strategies as st
from tests.dialects.rasa.drawn import EVENTS, MEMBERS, RESPONSES, TRACKERS

from mm_actions.contract.codec import decode_answer, encode
from mm_actions.dialects.rasa.answers import answer_of, directive_of_event, rasa_answer_of
from mm_actions.dialects.rasa.chunks import KINDS, chunk_of_directive, directive_of_chunk
from mm_actions.dialects.rasa.responses import DEFAULTS, directives_of_responses, responses_of_directives
from mm_actions.dialects.rasa.wire import RasaAnswer, RasaCall


def written(value):
    """Tell 1 from True and 1.0, which are equal in Python."""
    return json.dumps(value, sort_keys=True)


@given(tracker=TRACKERS, events=EVENTS, responses=RESPONSES)
def test_an_answer_of_rasa_comes_back_from_our_words_as_it_was(tracker, events, responses):
    call = RasaCall(next_action="action_a", tracker=tracker)
    before = written([tracker, events, responses])
    ours = answer_of(call, RasaAnswer(events=events, responses=responses))
    travelled = decode_answer(encode(ours))
    back = rasa_answer_of(travelled, call)
    assert written(back.events) == written(events)
    assert written(back.responses) == written([DEFAULTS | response for response in responses])
    assert written([tracker, events, responses]) == before


@given(responses=RESPONSES)
def test_responses_come_back_from_directives_as_they_were(responses):
    back = responses_of_directives(directives_of_responses(responses))
    assert written(back) == written([DEFAULTS | response for response in responses])


@given(kind=st.sampled_from(KINDS), body=MEMBERS)
def test_a_chunk_comes_back_from_its_directive(kind, body):
    assert chunk_of_directive(directive_of_chunk(kind, body)) == (kind, body)


@given(event=MEMBERS)
def test_no_event_is_taken_for_a_chunk(event):
    assert chunk_of_directive(directive_of_event(event)) is None


@given(
    directives=st.lists(
        st.builds(
            lambda name, kind, payload: {"name": name, "type": kind, "payload": payload},
            st.sampled_from(["speak", "listen", "sleep", "reset", "map", "reply"]),
            st.sampled_from(["action", "other"]),
            MEMBERS,
        ),
        max_size=4,
    )
)
def test_a_directive_that_rasa_has_no_words_for_comes_back_through_rasa_as_it_was(directives):
    call = RasaCall(next_action="action_a")
    assert answer_of(call, rasa_answer_of({"directives": directives}, call)).directives == directives
