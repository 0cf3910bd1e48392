"""Hooks of schemathesis: authentication, existing ids, and a valid request for each operation.

Each request is sent with the token of a live session of an administrator. Operations that end their session get a new one for each
request, so that the others do not return 401.
"""

import atexit
import collections
import itertools
import json
import os
import uuid

import schemathesis

import installation

# These end the session of the request, or replace its credentials.
ENDS_ITS_SESSION = {"logout", "change_password", "confirm_second_factor", "disable_second_factor", "step_up"}

# The codes of a rejected token.
REJECTED_TOKEN = {"token_invalid", "token_expired"}

_statuses = collections.defaultdict(collections.Counter)
_numbers = itertools.count(1_000)
_services = itertools.count()
_state = {"administrator": None, "users": [], "services": [], "introspecting": None}


def operation_id(operation):
    return operation.definition.raw["operationId"]


def needs_token(operation):
    return any("access_token" in scheme for scheme in operation.definition.raw.get("security", []))


def administrator():
    """Returns the live session of an administrator."""
    if _state["administrator"] is None:
        _state["administrator"] = installation.admin_session()
    return _state["administrator"]


def token():
    return administrator()["access_token"]


def new_session():
    """Returns a new session of that administrator. It may end the oldest one, whose token `administrator` has."""
    try:
        return installation.sign_in(administrator()["user"]["email"])
    except AssertionError:
        # A request has changed the password or the address of this administrator.
        _state["administrator"] = None
        return installation.sign_in(administrator()["user"]["email"])


def another_session():
    """Returns the id of another session of that administrator."""
    session = new_session()
    sessions = installation.call("GET", "/auth/sessions", session["access_token"])["items"]
    return next(session["id"] for session in sessions if session["is_current"])


def own_device():
    """Returns the id of a known device of that administrator."""
    return installation.call("GET", "/auth/devices", new_session()["access_token"])["items"][0]["id"]


def administrator_with_second_factor():
    """Returns the id of a new administrator with a second factor."""
    return installation.second_factor()[0]["user"]["id"]


def services():
    """Returns service credentials with two secrets each. They are created first: the server allows a hundred."""
    if not _state["services"]:
        introspecting_service()
        path, body = "/auth/admin/services", {"name": "Example", "scopes": ["users:read"]}
        session = installation.admin_session()["access_token"]
        for _ in range(16):
            created = installation.call("POST", path, session, json=body)["service"]
            rotate = f"{path}/{created['id']}/secrets"
            _state["services"].append(installation.call("POST", rotate, session, json={})["service"])
    return _state["services"]


def introspecting_service():
    """Returns the credentials of a service that may introspect tokens."""
    if not _state["introspecting"]:
        body = {"name": "Example", "scopes": ["introspect"]}
        created = installation.call("POST", "/auth/admin/services", installation.admin_session()["access_token"], json=body)
        _state["introspecting"] = {"client_id": created["service"]["id"], "client_secret": created["secret"]}
    return _state["introspecting"]


def employees():
    """Returns employees for requests to act on."""
    if not _state["users"]:
        _state["users"] = [installation.employee() for _ in range(4)]
    return _state["users"]


@schemathesis.auth(refresh_interval=None)
class Administrator:
    """Adds a token to each request that needs one."""

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
    """Replaces every other id by one of an employee, or of a session or device of the caller."""
    try:
        given = uuid.UUID(path_parameters["id"]).int
    except (KeyError, ValueError, AttributeError, TypeError):
        return path_parameters
    if given % 2 and context.operation.path.startswith("/auth/admin/services/"):
        path_parameters["id"] = services()[given % 4]["id"]
    elif given % 2:
        special = {
            "end_session": another_session,
            "remove_device": own_device,
            "reset_second_factor": administrator_with_second_factor,
        }
        own = special.get(operation_id(context.operation))
        path_parameters["id"] = own() if own else employees()[given % len(employees())]["id"]
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    """Replaces every other phone number and current password by a valid one, since random texts are never valid."""
    if isinstance(body, dict):
        for name, good in (("phone", "+7701{:07}"), ("current_password", installation.PASSWORD)):
            given, number = body.get(name), next(_numbers)
            # Empty and too long texts are intended.
            if isinstance(given, str) and 1 <= len(given) <= 128 and number % 2:
                body[name] = good.format(number)
    return body


@schemathesis.hook
def before_add_examples(context, examples):
    """Adds a request that must succeed, where no example of the document can."""
    operation = context.operation
    name = operation_id(operation)
    good = {}
    if context.operation.path.startswith("/auth/admin/users/{id}"):
        good["path_parameters"] = {"id": installation.employee()["id"]}
    elif context.operation.path.startswith("/auth/admin/services"):
        # One for each operation: some delete it.
        own_service = services()[4 + next(_services)]
        if "{id}" in context.operation.path:
            good["path_parameters"] = {"id": own_service["id"]}
        if name == "remove_service_secret":
            good["path_parameters"]["secret_id"] = own_service["secrets"][0]["id"]
    elif context.operation.path.startswith("/auth/admin/webhooks/{id}"):
        good["path_parameters"] = {"id": installation.webhook()}
    elif name == "end_session":
        good["path_parameters"] = {"id": another_session()}
    elif name == "remove_device":
        good["path_parameters"] = {"id": own_device()}
    own = None
    if name == "reset_second_factor":
        good["path_parameters"] = {"id": administrator_with_second_factor()}
    elif name in {"disable_second_factor", "replace_recovery_codes"}:
        own, good["body"] = installation.second_factor()[0], None
    elif name == "confirm_second_factor":
        own, code = installation.enrolment()
        good["body"] = {"code": code}
    elif name == "complete_admin_login":
        session, codes = installation.second_factor()
        challenge = installation.challenge(session["user"]["email"])
        good["body"] = {"challenge": challenge, "recovery_code": codes[0]}
    elif name == "step_up":
        own, good["body"] = installation.admin_session(), {"password": installation.PASSWORD}
    elif name == "change_password":
        own = installation.admin_session()
        good["body"] = {"current_password": installation.PASSWORD, "new_password": "over the plum a tram"}
    elif name == "update_user":
        good["body"] = {"full_name": "Last First"}
    elif name == "update_service":
        good["body"] = {"name": "Another name"}
    elif name == "rotate_service_secret":
        good["body"] = {"previous_expires_in": 60}
    elif name == "update_webhook":
        good["body"] = {"state": "disabled"}
    elif name == "replay_webhook":
        good["body"] = {"since": "2026-01-20T00:00:00Z"}
    elif name == "promote_user":
        good["body"] = {"email": f"promoted{next(_numbers)}@example.com"}
    elif name == "telegram_login":
        good["body"] = employees()[0]["login"]
    elif name == "auto_login":
        good["body"] = {"init_data": installation.employee()["login"]["init_data"]}
    elif name == "refresh":
        good["body"] = {"refresh_token": installation.employee()["session"]["refresh_token"]}
    elif name == "token":
        credentials = {"username": administrator()["user"]["email"], "password": installation.PASSWORD}
        good["body"] = {"grant_type": "password", **credentials}
    elif name in {"introspect", "revoke"}:
        good["body"] = {"token": installation.employee()["session"]["refresh_token"], **introspecting_service()}
    elif name == "import_users":
        good["body"] = f"name,phone\nFirst Last,+7702{next(_numbers):07}\n"
    if not good and own is None:
        return
    if good.get("body") is None:
        good.pop("body", None)
    else:
        media_types = {"import_users": "text/csv"}
        media_types |= dict.fromkeys(("token", "introspect", "revoke"), "application/x-www-form-urlencoded")
        good["media_type"] = media_types.get(name, "application/json")
    # Schemathesis does not authenticate these requests.
    # A service sends its credentials in the header or in the body.
    if needs_token(operation) and "client_secret" not in good.get("body", {}):
        bearer = own["access_token"] if own else token()
        good["headers"] = {"Authorization": f"Bearer {bearer}"}
    examples.append(operation.Case(**good))


@schemathesis.hook
def after_call(context, case, response):
    """Counts the statuses, and discards a session whose token was rejected."""
    if response.request.method == case.operation.method.upper():
        _statuses[operation_id(case.operation)][response.status_code] += 1
    sent = response.request.headers.get("Authorization", "")
    if response.status_code == 401 and response.json().get("code") in REJECTED_TOKEN and sent == f"Bearer {token()}":
        _state["administrator"] = None


@atexit.register
def write_statuses():
    with open(os.environ["DIVAN_CONTRACT_STATUSES"], "w") as file:
        json.dump(_statuses, file, indent=1)
