"""Checks that every operation succeeded at least once, by the statuses that the hooks of schemathesis counted."""

import json
import os
import sys

import installation

# Succeeds exactly once, which was before the run.
DONE_BEFORE = {"bootstrap"}

# These need an authenticator. The tests in Chromium and those of the server use one.
NEED_PASSKEY = {"add_passkey", "rename_passkey", "remove_passkey", "passkey_login", "begin_step_up"}
# These need a server with DIVAN_ADMIN_APPROVAL=on, as the tests of the server and of the client have.
NEED_APPROVAL = {"approve_promotion", "decline_promotion"}

with open(os.environ["DIVAN_CONTRACT_STATUSES"]) as file:
    statuses = json.load(file)
document = installation.call("GET", "/openapi.json")
operations = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}

succeeded = {name for name, counts in statuses.items() if any(status.startswith("2") for status in counts)}
missing = operations - succeeded - DONE_BEFORE - NEED_PASSKEY - NEED_APPROVAL
total = sum(sum(counts.values()) for counts in statuses.values())
refused = sum(counts.get("401", 0) for counts in statuses.values())
print(f"{total} requests, {refused} of them rejected with 401")
for name in sorted(operations):
    print(f"  {name}: {statuses.get(name, {})}")
if missing:
    sys.exit(f"these operations have never succeeded: {', '.join(sorted(missing))}")
if refused * 2 > total:
    sys.exit("most requests were rejected with 401")
