"""What a program does with the client that openapi-python-client has generated, all of it by types."""

import datetime
import os
import uuid

from divan_api import AuthenticatedClient, Client
from divan_api.api.account import me
from divan_api.api.sign_in import admin_login, bootstrap
from divan_api.api.users import create_user, get_user, list_users
from divan_api.models import (
    AdminLoginRequest,
    BootstrapRequest,
    CreatedUser,
    CreateUserRequest,
    Problem,
    Role,
    Session,
    User,
    UserPage,
)
from divan_api.types import UNSET

URL = os.environ["DIVAN_CONTRACT_URL"]
ADMIN = {"email": "admin@example.com", "password": "tram under the plum"}
PHONE = "+77019876543"

# The first administrator, and a session.
stranger = Client(base_url=URL)
first = bootstrap.sync(client=stranger, body=BootstrapRequest(**ADMIN))
assert isinstance(first, User) and first.role is Role.ADMIN, first
session = admin_login.sync(client=stranger, body=AdminLoginRequest(**ADMIN))
assert isinstance(session, Session) and session.user.id == first.id, session
assert session.expires_in == 600, session

# An employee who is created is found.
admin = AuthenticatedClient(base_url=URL, token=session.access_token)
request = CreateUserRequest(full_name="Last First", phone="8 (701) 987-65-43")
created = create_user.sync(client=admin, body=request)
assert isinstance(created, CreatedUser) and isinstance(created.generated_password, str), created
page = list_users.sync(client=admin, q="fir 701987", role=Role.EMPLOYEE, is_active=True)
assert isinstance(page, UserPage) and page.next_cursor is UNSET, page
(found,) = page.items
assert found == created.user == get_user.sync(client=admin, id=found.id), found
assert isinstance(found.id, uuid.UUID) and isinstance(found.created_at, datetime.datetime), found
assert found.full_name == "Last First" and found.phone == PHONE and found.email is UNSET, found
assert found.role is Role.EMPLOYEE and found.is_active and found.password_change_required, found

# What is refused is typed as well.
again = create_user.sync_detailed(client=admin, body=request)
assert again.status_code == 409 and isinstance(again.parsed, Problem), again
assert again.parsed.code == "phone_taken" and again.parsed.type_ == "urn:divan:problem:phone_taken", again
wrong = create_user.sync(client=admin, body=CreateUserRequest(full_name="Last First", phone="12"))
assert isinstance(wrong, Problem) and [error.pointer for error in wrong.errors] == ["/phone"], wrong
nobody = me.sync_detailed(client=AuthenticatedClient(base_url=URL, token="x"))
assert nobody.status_code == 401 and nobody.parsed.code == "token_invalid", nobody

print("a generated client signs in, creates, finds, and reads three problems")
