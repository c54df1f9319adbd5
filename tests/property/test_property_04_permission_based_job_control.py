"""Property 4 on the real API and a real PostgreSQL."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from job_samples import Api, chunked, collisions, spec

from alyx.jobs.desk import JobDesk
from alyx.store import Store
from alyx_hub.api import User

NAMES = ("marie", "lise", "team-higgs")
#: Verb -> (method, path, body, the scope that it needs, the status of success).
VERBS = {
    "read": ("GET", "/jobs/{id}", None, "read:jobs", 200),
    "list": ("GET", "/jobs", None, "read:jobs", 200),
    "result": ("GET", "/jobs/{id}/result", None, "read:jobs", 409),  # it has not run yet
    "stop": ("PATCH", "/jobs/{id}", {"target": "STOPPED"}, "write:jobs", 200),
    "rename": ("PATCH", "/jobs/{id}", {"name": "mine"}, "write:jobs", 200),
    "prioritise": ("PATCH", "/jobs/{id}", {"priority": "high"}, "write:jobs", 200),
    "delete": ("DELETE", "/jobs/{id}", None, "write:jobs", 202),  # queued: it is stopped
    "submit": ("POST", "/jobs", spec(), "write:jobs", 201),
}
SCOPES = st.sets(
    st.tuples(
        st.sampled_from(["read:jobs", "write:jobs", "read:datasets"]),
        st.sampled_from(["", "!user=marie", "!user=lise", "!user=team-higgs"]),
    )
)


# Feature: alyx-distributed-orchestrator, Property 4: Permission-based job control: For any physics user with appropriate permissions, job cancellation and modification operations should succeed, while users without permissions should be denied access  # noqa: E501
def test_only_those_with_the_right_move_a_job(store: Store) -> None:
    """Catches a route that looks for the job before it asks whose it is."""
    users: dict[str, User] = {}
    client = Api(chunked(store, collisions()), users.get)

    @settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        name=st.sampled_from(NAMES),
        admin=st.booleans(),
        scopes=SCOPES,
        owner=st.sampled_from(NAMES),
        verb=st.sampled_from(sorted(VERBS)),
    )
    def check(
        name: str, admin: bool, scopes: set[tuple[str, str]], owner: str, verb: str
    ) -> None:  # fmt: skip
        desk = JobDesk(store, owner)
        before = desk.submit(spec())
        users["token"] = User(name, frozenset(f"custom:alyx:{a}{b}" for a, b in scopes), admin)
        method, path, body, needed, success = VERBS[verb]
        answer = client.ask(method, path.format(id=before["id"]), body, "token")
        # the rule, in its own words: the scope for oneself, and one's own job or an administrator
        allowed = (needed, "") in scopes or (needed, f"!user={name}") in scopes
        own = admin or name == owner or "{id}" not in path
        expected = 403 if not allowed else 404 if not own else success
        assert answer.status_code == expected, answer.text
        if expected in (403, 404) or method == "GET":
            assert desk.job(before["id"]) == before
        if verb == "list" and allowed:
            listed = {job["owner"] for job in answer.json()["jobs"]}
            assert admin or listed <= {name}

    with client:
        check()
