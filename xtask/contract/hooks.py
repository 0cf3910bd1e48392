"""What schemathesis has to know of this service: who asks, which ids there are, and a good request for each operation.

Operations that sign people out would leave the rest of the run with answers 401. So each request is sent by an administrator
whose session lives, and what ends a session gets one of its own.
"""

import atexit
import collections
import itertools
import json
import os
import uuid

import schemathesis

import installation

# Ends the session that asks, or takes its secrets: a session of its own for each request.
ENDS_ITS_SESSION = {"logout", "change_password"}

# With these a token is over.
REFUSED_TOKENS = {"token_invalid", "token_expired"}

_statuses = collections.defaultdict(collections.Counter)
_numbers = itertools.count(1_000)
_state = {"administrator": None, "people": []}


def operation_id(operation):
    return operation.definition.raw["operationId"]


def needs_token(operation):
    return any("access_token" in scheme for scheme in operation.definition.raw.get("security", []))


def administrator():
    """The session of an administrator who is signed in."""
    if _state["administrator"] is None:
        _state["administrator"] = installation.admin_session()
    return _state["administrator"]


def token():
    return administrator()["access_token"]


def another_session():
    """The id of another session of that administrator."""
    try:
        session = installation.sign_in(administrator()["user"]["email"])
    except AssertionError:
        # A request has got another password, or another address, for this administrator.
        _state["administrator"] = None
        session = installation.sign_in(administrator()["user"]["email"])
    sessions = installation.call("GET", "/auth/sessions", session["access_token"])["items"]
    return next(session["id"] for session in sessions if session["is_current"])


def people():
    """Employees to do things to."""
    if not _state["people"]:
        _state["people"] = [installation.employee() for _ in range(4)]
    return _state["people"]


@schemathesis.auth(refresh_interval=None)
class Administrator:
    """Signs each request that needs a token."""

    def get(self, case, context):
        if not needs_token(context.operation):
            return None
        if operation_id(context.operation) in ENDS_ITS_SESSION:
            return installation.admin_session()["access_token"]
        return token()

    def set(self, case, data, context):
        if data is not None:
            case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Every other id is one of somebody, or of a session of one's own."""
    try:
        given = uuid.UUID(path_parameters["id"]).int
    except (KeyError, ValueError, AttributeError, TypeError):
        return path_parameters
    if given % 2:
        is_own = operation_id(context.operation) == "end_session"
        path_parameters["id"] = another_session() if is_own else people()[given % len(people())]["id"]
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    """Every other phone number is one of Kazakhstan, and every other current password is right: texts at random never are."""
    if isinstance(body, dict):
        for name, good in (("phone", "+7701{:07}"), ("current_password", installation.PASSWORD)):
            given, number = body.get(name), next(_numbers)
            # What is empty or too long is so on purpose.
            if isinstance(given, str) and 1 <= len(given) <= 128 and number % 2:
                body[name] = good.format(number)
    return body


@schemathesis.hook
def before_add_examples(context, examples):
    """Adds a request that has to succeed, where no example of the document can."""
    operation = context.operation
    name = operation_id(operation)
    good = {}
    if name in ("get_user", "update_user", "reset_password", "unlink_telegram", "end_user_sessions"):
        good["path_parameters"] = {"id": installation.employee()["id"]}
    elif name == "end_session":
        good["path_parameters"] = {"id": another_session()}
    if name == "update_user":
        good["body"] = {"full_name": "Last First"}
    elif name == "change_password":
        good["body"] = {"current_password": installation.PASSWORD, "new_password": "over the plum a tram"}
    elif name == "telegram_login":
        good["body"] = people()[0]["login"]
    elif name == "auto_login":
        good["body"] = {"init_data": installation.employee()["login"]["init_data"]}
    elif name == "refresh":
        good["body"] = {"refresh_token": installation.employee()["session"]["refresh_token"]}
    if not good:
        return
    if "body" in good:
        good["media_type"] = "application/json"
    # Such a request is not given the token of the run.
    if needs_token(operation):
        own = installation.admin_session()["access_token"] if name == "change_password" else token()
        good["headers"] = {"Authorization": f"Bearer {own}"}
    examples.append(operation.Case(**good))


@schemathesis.hook
def after_call(context, case, response):
    """Counts what was answered, and lets go of a token that is refused."""
    if response.request.method == case.operation.method.upper():
        _statuses[operation_id(case.operation)][response.status_code] += 1
    sent = response.request.headers.get("Authorization", "")
    if response.status_code == 401 and response.json()["code"] in REFUSED_TOKENS and sent == f"Bearer {token()}":
        _state["administrator"] = None


@atexit.register
def write_statuses():
    with open(os.environ["DIVAN_CONTRACT_STATUSES"], "w") as file:
        json.dump(_statuses, file, indent=1)
