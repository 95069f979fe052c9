"""Makes calls that cannot be answered in time; prints by how much each overshot its deadline."""

from faults_slow.child import main
from faults_slow.load import PATIENT, closed_loop
from mm_actions import CustomAction, close_endpoints


def overshoots(
    url: str, engine: str, colour: str, timeout: float, calls: int, at_once: int
) -> dict[str, list]:
    config = {"url": url, "engine": engine, "timeout": timeout, "resilience": PATIENT}
    done = closed_loop(CustomAction("greet", config), colour=colour, calls=calls, at_once=at_once)
    close_endpoints()
    return {
        "kinds": sorted({each.kind for each in done}),
        "overshoot": [each.elapsed - timeout for each in done],
    }


if __name__ == "__main__":
    main(overshoots)
