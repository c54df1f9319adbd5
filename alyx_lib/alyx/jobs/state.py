"""The states of a job and the moves between them: one table, one function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from alyx.errors import ConflictError

Status = Literal["QUEUED", "STARTING", "RUNNING", "COMPLETED", "FAILED", "STOPPED"]
Target = Literal["COMPLETED", "STOPPED"]
Verb = Literal["submit", "claim", "start", "complete", "fail", "release", "ask", "stop", "retry"]

#: States in which a job stays until someone moves it.
ENDED: frozenset[Status] = frozenset({"COMPLETED", "FAILED", "STOPPED"})
#: States in which a dispatcher holds a lease on the job.
HELD: frozenset[Status] = frozenset({"STARTING", "RUNNING"})

#: (status, target, verb) -> (status, target); what is not here is not allowed.
MOVES: dict[tuple[Status, Target, Verb], tuple[Status, Target]] = {
    ("QUEUED", "COMPLETED", "claim"): ("STARTING", "COMPLETED"),
    ("QUEUED", "COMPLETED", "stop"): ("STOPPED", "STOPPED"),
    ("STARTING", "COMPLETED", "start"): ("RUNNING", "COMPLETED"),
    ("STARTING", "COMPLETED", "release"): ("QUEUED", "COMPLETED"),
    ("STARTING", "COMPLETED", "fail"): ("FAILED", "COMPLETED"),
    ("STARTING", "COMPLETED", "ask"): ("STARTING", "STOPPED"),
    ("STARTING", "STOPPED", "stop"): ("STOPPED", "STOPPED"),
    ("RUNNING", "COMPLETED", "complete"): ("COMPLETED", "COMPLETED"),
    ("RUNNING", "COMPLETED", "release"): ("QUEUED", "COMPLETED"),
    ("RUNNING", "COMPLETED", "fail"): ("FAILED", "COMPLETED"),
    ("RUNNING", "COMPLETED", "ask"): ("RUNNING", "STOPPED"),
    ("RUNNING", "STOPPED", "stop"): ("STOPPED", "STOPPED"),
    ("FAILED", "COMPLETED", "retry"): ("QUEUED", "COMPLETED"),
    ("STOPPED", "STOPPED", "retry"): ("QUEUED", "COMPLETED"),
}

_WORDS: dict[Verb, str] = {
    "submit": "submitted",
    "claim": "claimed",
    "start": "started",
    "complete": "completed",
    "fail": "failed",
    "release": "queued again",
    "ask": "asked to stop",
    "stop": "stopped",
    "retry": "tried again: only failed and stopped jobs can",
}


@dataclass(frozen=True, slots=True)
class State:
    """How a job stands.

    Parameters
    ----------
    status
        Where it is.
    target
        Where it is to go: ``STOPPED`` once someone asked it to stop.
    attempt
        How often it was claimed.
    """

    status: Status = "QUEUED"
    target: Target = "COMPLETED"
    attempt: int = 0


def move(state: State, verb: Verb) -> State:
    """Return the state after a move.

    Parameters
    ----------
    state
        How the job stands.
    verb
        ``claim`` by a dispatcher, ``start`` when its cluster is there, ``complete``, ``fail``,
        ``release`` back to the queue, ``ask`` it to stop, ``stop``, ``retry``.

    Raises
    ------
    ConflictError
        The state does not allow the move.

    Examples
    --------
    >>> move(State("QUEUED"), "claim")
    State(status='STARTING', target='COMPLETED', attempt=1)
    """
    found = MOVES.get((state.status, state.target, verb))
    if found is None:
        asked = " and asked to stop" if state.target == "STOPPED" != state.status else ""
        raise ConflictError(f"A job that is {state.status}{asked} cannot be {_WORDS[verb]}.")
    return State(*found, state.attempt + (verb == "claim"))


def allowed(state: State, verb: Verb) -> bool:
    """Return whether the state allows the move."""
    return (state.status, state.target, verb) in MOVES


def rebuild(verbs: Iterable[Verb]) -> State:
    """Return the state that a job's moves, in their order, lead to.

    Examples
    --------
    >>> rebuild(["submit", "claim", "start", "complete"]).status
    'COMPLETED'
    """
    state = State()
    for verb in verbs:
        state = state if verb == "submit" else move(state, verb)
    return state
