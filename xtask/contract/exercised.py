"""Checks that every operation succeeded at least once, by the statuses that the hooks of schemathesis counted."""

import json
import os
import sys

import installation

# Succeeds exactly once, which was before the run.
DONE_BEFORE = {"bootstrap"}

with open(os.environ["DIVAN_CONTRACT_STATUSES"]) as file:
    statuses = json.load(file)
document = installation.call("GET", "/openapi.json")
operations = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}

succeeded = {name for name, counts in statuses.items() if any(status.startswith("2") for status in counts)}
missing = operations - succeeded - DONE_BEFORE
total = sum(sum(counts.values()) for counts in statuses.values())
refused = sum(counts.get("401", 0) for counts in statuses.values())
print(f"{total} requests, {refused} of them rejected with 401")
for name in sorted(operations):
    print(f"  {name}: {statuses.get(name, {})}")
if missing:
    sys.exit(f"these operations have never succeeded: {', '.join(sorted(missing))}")
if refused * 2 > total:
    sys.exit("most requests were rejected with 401")
