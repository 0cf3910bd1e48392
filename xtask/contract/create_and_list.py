"""Uses the client that openapi-python-client generated, with its types."""

import datetime
import os
import uuid

from divan_api import AuthenticatedClient, Client
from divan_api.api.account import me
from divan_api.api.sign_in import admin_login, bootstrap, token
from divan_api.api.users import create_user, get_user, list_users
from divan_api.models import (
    AdminLoginRequest,
    BootstrapRequest,
    CreatedUser,
    CreateUserRequest,
    OAuthErrorResponse,
    OAuthTokenRequest,
    OAuthTokenResponse,
    Problem,
    Role,
    TokenResponse,
    User,
    UserPage,
)
from divan_api.types import UNSET

URL = os.environ["DIVAN_CONTRACT_URL"]
ADMIN = {"email": "admin@example.com", "password": "tram under the plum"}
PHONE = "+77019876543"

# The first administrator, and a session.
anonymous = Client(base_url=URL)
first = bootstrap.sync(client=anonymous, body=BootstrapRequest(**ADMIN))
assert isinstance(first, User) and first.role is Role.ADMIN, first
session = admin_login.sync(client=anonymous, body=AdminLoginRequest(**ADMIN))
assert isinstance(session, TokenResponse) and session.user.id == first.id, session
assert session.expires_in == 600, session

# The token endpoint, by the password and by the refresh token.
form = OAuthTokenRequest(grant_type="password", username=ADMIN["email"], password=ADMIN["password"])
tokens = token.sync(client=anonymous, body=form)
assert isinstance(tokens, OAuthTokenResponse) and tokens.scope is UNSET, tokens
form = OAuthTokenRequest(grant_type="refresh_token", refresh_token=tokens.refresh_token)
assert isinstance(token.sync(client=anonymous, body=form), OAuthTokenResponse)
rejected = token.sync(client=anonymous, body=OAuthTokenRequest(grant_type="password", username="a@b.kz", password="x"))
assert isinstance(rejected, OAuthErrorResponse) and rejected.error == "invalid_grant", rejected

# A created employee is listed.
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

# Problems are typed too.
again = create_user.sync_detailed(client=admin, body=request)
assert again.status_code == 409 and isinstance(again.parsed, Problem), again
assert again.parsed.code == "phone_taken" and again.parsed.type_ == "urn:divan:problem:phone_taken", again
wrong = create_user.sync(client=admin, body=CreateUserRequest(full_name="Last First", phone="12"))
assert isinstance(wrong, Problem) and [(error.pointer, error.code) for error in wrong.errors] == [("/phone", "phone_invalid")], wrong
rejected = me.sync_detailed(client=AuthenticatedClient(base_url=URL, token="x"))
assert rejected.status_code == 401 and rejected.parsed.code == "token_invalid", rejected

print("the generated client signs in, creates, lists, and parses errors")
