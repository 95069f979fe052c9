"""Why a figure is missed where it is: as measured, and what was tried and dropped with what it brought."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.families import stages
from benchmarks.report import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.measure import Table, Target

_WIDTH = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is known of figures that share a reason.

    Attributes:
        figures: Title of the table and figure, as the page names them.
        text: Paragraphs and lists of the page.
        stages: Titles of the tables that show where the time goes.
    """

    figures: tuple[tuple[str, str], ...]
    text: str
    stages: tuple[str, ...] = ()


_BLOCKING, _MTLS, _ASYNC, _AT_ONCE = (
    "Blocking calls, http, 2 KB, one in flight",
    "Blocking calls, mTLS, 2 KB, one in flight",
    "Asynchronous calls, http, 2 KB, one in flight",
    "Asynchronous calls, http, 2 KB, 32 in flight",
)
_FAN_OUT = "16 actions at once, to a server that takes 20 ms"
_DOOR = "Server door, 2 KB requests, 32 in flight"

NOTES: tuple[Note, ...] = (
    Note(
        figures=(
            (_BLOCKING, "mm_actions, curl / raw socket, p50_us"),
            (_BLOCKING, "mm_actions, curl / raw socket, cpu_us"),
            (_BLOCKING, "mm_actions, curl / MindMeld's way, cpu_us"),
            (_MTLS, "mm_actions, curl / MindMeld's way, cpu_us"),
            (_ASYNC, "mm_actions, curl / raw socket, p50_us"),
        ),
        stages=(stages.BLOCKING, stages.ASYNC),
        text="""\
The Python around the network is short while it runs again and again, and takes two to three times as long
in a real call: after each wait the processor's caches hold other work. Measured apart, with what stood in
the engine's place: nothing, 30 µs; 60 µs of spinning, 30 µs; 60 µs of sleep, 50 µs; the raw socket's
exchange, 59 µs; pycurl's, 76 µs. So it counts how many functions and objects a call touches. The garbage
collector takes 0.24 µs a call. On an event loop, which goes round twice for each call, it is the same.
A fifteenth of what MindMeld's way takes over plain HTTP is about what pycurl alone takes.

Kept: tickets, admissions and ids as structs and nine functions fewer a call, 3 %; epoll, which need not be
told to let go of a socket, 4 % of an asynchronous call. Dropped:

- No XFERINFOFUNCTION, by which Ctrl-C is noticed: 2 % on one thread, nothing on 32.
- The Request's JSON kept for the next call: a change within its members would not be seen.
- Header lines joined into one, ids from randbytes, a faster count of brackets: 1 to 2 % each at most.
- POSTFIELDS instead of a READFUNCTION: 1 to 2 µs, but libcurl could then send a body twice.
- The same header lines in every call: 5 to 8 µs, but each attempt has ids of its own.
- libcurl's sockets watched from call to call: not measured. It needs CLOSESOCKETFUNCTION, which pycurl calls
  with a handle that may be freed.
- libcurl's eventfd watched from call to call: nothing more, since one epoll watches for a whole event loop.
""",
    ),
    Note(
        figures=((_AT_ONCE, "mm_actions, curl / raw socket, one in flight, call_us"),),
        stages=(stages.AT_ONCE,),
        text="""\
With so many in flight the process hardly ever waits, and a call lasts as long as it keeps the processor. Of
that, Python has half, the kernel three tenths, libcurl and msgspec the rest. libcurl asks four times a call
that a socket or its own eventfd be watched or let go of. Kept: epoll, which need not be told to let go, 4 %.
Without XFERINFOFUNCTION nothing changes, as event loops do not have it.
""",
    ),
    Note(
        figures=((_FAN_OUT, "mm_actions, curl, blocking, p50_us"),),
        stages=(stages.BLOCKING,),
        text="""\
Sixteen threads take turns at one interpreter: sixteen times the processor time of a call is added to the
server's 20 ms. Kept: threads that stay for the next sixteen calls, 1.5 ms on a quiet machine and 8 to 10 on a
busy one.
""",
    ),
    Note(
        figures=(
            (_DOOR, "mm_actions, cpu_us"),
            (_DOOR, "mm_actions / connexion, AsyncApp, cpu_us"),
        ),
        text="""\
uvicorn with a constant answer took 27 of 58 µs. The door takes about 1.46 times the floor, so 40 µs are
reached where the floor takes 27 µs or less. Dropped:

- A lighter way to hand actions over to threads: 91.5 instead of 91.6 µs.
- No garbage collector: no clear effect.
- Fewer objects that watch the event loop: about 1.5 %.
- An ASGI extension that writes the whole answer at once: 4 to 5 µs, but wrappers of `send` did not see the
  answer any more.
- A parser's callback of our own within uvicorn: not tried, as it would copy uvicorn.
""",
    ),
)


def why(tables: Mapping[str, Sequence[Table]]) -> Iterator[str]:
    """Write what is known of the figures that a run missed; nothing where it missed none of them.

    Args:
        tables: The run's, by family.
    """
    by_title = {table.title: table for found in tables.values() for table in found}
    missed = {
        (title, str(target)): _came_to(table, target)
        for title, table in by_title.items()
        for target in table.targets
        if not table.reached(target)
    }
    heading = "## Where a figure is missed\n"
    for note in NOTES:
        found = [figure for figure in note.figures if figure in missed]
        if not found:
            continue
        if heading:
            yield heading
            heading = ""
        yield from (f"- **{title}**: {missed[title, figure]}" for title, figure in found)
        yield ""
        yield from (f"{_where_it_goes(by_title[title])}\n" for title in note.stages if title in by_title)
        yield note.text


def _came_to(table: Table, target: Target) -> str:
    return f"{target}: {number(table.ratio(target))} instead of {number(target.most)}"


def _where_it_goes(table: Table) -> str:
    medians = "; ".join(f"{name}, {number(table.median(name, 'cpu_us'))} µs" for name in table.figures)
    return textwrap.fill(f"{table.title}, processor time of a call: {medians}.", _WIDTH)
