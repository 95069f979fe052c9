"""What hypothesis draws of Rasa's words, and the calls that a real Rasa made."""

import json
from pathlib import Path

from hypothesis import strategies as st

RECORDED = Path(__file__).parents[2] / "rasa_recorded"
CALLS = [
    (f"{path.parent.name}-{position}", call)
    for path in sorted(RECORDED.glob("*/action_calls.json"))
    for position, call in enumerate(json.loads(path.read_text(encoding="utf-8")))
]

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["a", "b", "rasa", "name", "requested_slot", ""]) | st.text(max_size=5)
MEMBERS = st.dictionaries(NAMES, VALUES, max_size=3)
STAMPS = st.none() | st.just(1.5)

_PLAIN = st.one_of(
    st.builds(lambda n, v: {"event": "slot", "timestamp": None, "name": n, "value": v}, NAMES, VALUES),
    st.builds(lambda n: {"event": "followup", "timestamp": None, "name": n}, NAMES),
    st.builds(lambda n: {"event": "active_loop", "timestamp": None, "name": n}, st.none() | NAMES),
    st.sampled_from(["pause", "resume", "reset_slots", "restart", "undo", "rewind", "session_started"]).map(
        lambda kind: {"event": kind, "timestamp": None}
    ),
)
_ODD = st.one_of(
    st.builds(lambda kind, rest: rest | {"event": kind}, NAMES, MEMBERS),
    st.builds(lambda event, stamp, rest: rest | event | {"timestamp": stamp}, _PLAIN, st.just(2.5), MEMBERS),
    st.builds(
        lambda name: {"event": "action_execution_rejected", "name": name, "policy": None, "timestamp": None},
        NAMES,
    ),
    st.builds(
        lambda flag: {"event": "loop_interrupted", "is_interrupted": flag, "timestamp": None}, st.booleans()
    ),
    MEMBERS,
)
EVENTS = st.lists(_PLAIN | _ODD, max_size=6)

_BUTTONS = st.lists(
    st.builds(lambda t, p: {"title": t, "payload": p}, st.text(max_size=4), st.text(max_size=4))
    | st.builds(lambda t: {"title": t}, st.text(max_size=4))
    | st.dictionaries(
        st.sampled_from(["title", "text", "type", "payload", "button", "url"]), VALUES, max_size=4
    ),
    max_size=3,
)
RESPONSES = st.lists(
    st.builds(
        lambda standard, further: further | standard,
        st.fixed_dictionaries(
            {},
            optional={
                "text": st.none() | st.text(max_size=5) | VALUES,
                "buttons": _BUTTONS | VALUES,
                "elements": st.lists(MEMBERS, max_size=2) | VALUES,
                "custom": MEMBERS
                | VALUES
                | st.builds(
                    lambda name, kind, payload: {
                        "directive": {"name": name, "type": kind, "payload": payload}
                    },
                    st.sampled_from(["speak", "reply", "listen", "x"]),
                    st.sampled_from(["view", "action"]),
                    VALUES | st.just({"text": "hi"}),
                ),
                "template": st.none() | st.just("utter_a") | VALUES,
                "response": st.none() | st.just("utter_a") | VALUES,
                "image": st.none() | st.just("http://i") | VALUES,
                "attachment": st.none() | st.just("http://a") | VALUES,
            },
        ),
        st.just({}) | MEMBERS,
    ),
    max_size=4,
)
SLOTS = st.dictionaries(NAMES, VALUES, max_size=4)
LOOPS = st.just({}) | st.builds(
    lambda name, flag: {"name": name, "is_interrupted": flag, "rejected": False, "trigger_message": None},
    NAMES,
    st.booleans(),
)
TRACKERS = st.builds(
    lambda slots, loop, followup, paused: {
        "sender_id": "u1",
        "slots": slots,
        "active_loop": loop,
        "followup_action": followup,
        "paused": paused,
        "latest_action_name": "action_listen",
    },
    SLOTS,
    LOOPS,
    st.none() | NAMES,
    st.booleans(),
)
