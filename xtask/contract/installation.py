"""Users and sessions of the server under test."""

import base64
import hashlib
import hmac
import itertools
import os
import subprocess
import time

import requests

URL = os.environ["DIVAN_CONTRACT_URL"]
PROGRAM = os.environ["DIVAN_CONTRACT_PROGRAM"]
FOLDER = os.environ["DIVAN_CONTRACT_FOLDER"]

ADMIN = {"email": "admin@example.com", "password": "tram under the plum"}
PASSWORD = "plum over the tram"

_numbers = itertools.count(1)


def call(method, path, token=None, **arguments):
    """Sends a request that must succeed, and returns the response body."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = requests.request(method, URL + path, headers=headers, timeout=30, **arguments)
    assert response.ok, f"{method} {path}: {response.status_code} {response.text}"
    return response.json() if response.content else None


def command(*arguments, stdin=None):
    """Runs a command of the program on the server's data, and returns its output."""
    run = subprocess.run(
        [PROGRAM, *arguments], cwd=FOLDER, env={}, input=stdin, capture_output=True, text=True, check=True
    )
    return run.stdout


def bootstrap():
    """Creates the first administrator, with the credentials of the document's examples."""
    return call("POST", "/auth/admin/bootstrap", json=ADMIN)


def admin_session():
    """Creates an administrator and signs in. Changes to other users do not affect this session."""
    email = f"admin{next(_numbers)}@example.com"
    command("admin", "create", "--email", email, "--password-stdin", stdin=PASSWORD)
    return sign_in(email)


def sign_in(email):
    return call("POST", "/auth/admin/login", json={"email": email, "password": PASSWORD})


def enrolment():
    """Creates an administrator who begins to set up an app. Returns the session and the current code of the app."""
    session = admin_session()
    secret = call("POST", "/auth/admin/me/second-factor", session["access_token"])["secret"]
    return session, code(secret)


def second_factor():
    """Creates an administrator with a second factor. Returns the session, and the recovery codes."""
    session, current = enrolment()
    path = "/auth/admin/me/second-factor/confirm"
    enabled = call("POST", path, session["access_token"], json={"code": current})
    return {**session, "access_token": enabled["token"]["access_token"]}, enabled["recovery_codes"]


def challenge(email):
    """Returns the challenge of a sign-in that waits for the second factor."""
    body = {"email": email, "password": PASSWORD}
    response = requests.post(URL + "/auth/admin/login", json=body, timeout=30)
    assert response.status_code == 401, response.text
    return response.json()["challenge"]


def code(secret):
    """Returns the current code of a secret (RFC 6238)."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, (int(time.time()) // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def webhook():
    """Replaces all webhooks by one on a port without a receiver. Returns its id."""
    token = admin_session()["access_token"]
    for other in call("GET", "/auth/admin/webhooks", token)["items"]:
        call("DELETE", f"/auth/admin/webhooks/{other['id']}", token)
    created = call("POST", "/auth/admin/webhooks", token, json={"url": "http://127.0.0.1:47113/"})
    return created["webhook"]["id"]


def employee():
    """Creates an employee with a password and a Telegram account, and signs in."""
    token = admin_session()["access_token"]
    number = next(_numbers)
    credentials = {"phone": f"+7701900{number:04}", "password": PASSWORD}
    user = call("POST", "/auth/admin/users", token, json={"full_name": f"First Last {number}", **credentials})["user"]
    init_data = command("init-data", "sign", "--user-id", str(10_000 + number)).strip()
    session = call("POST", "/auth/telegram/login", json={**credentials, "init_data": init_data})
    return {"id": user["id"], "login": {**credentials, "init_data": init_data}, "session": session}
