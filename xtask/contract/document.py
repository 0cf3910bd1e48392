"""Saves the OpenAPI document that the server serves, and validates each of its examples by its schema."""

import json
import sys

import jsonschema
import referencing
import requests
from referencing.jsonschema import DRAFT202012

import installation

ROOT = "urn:document"


def check(document, schema_pointer, example, name):
    """Validates one example. The schema is referenced by its pointer, so that its own references resolve."""
    registry = referencing.Registry().with_resource(ROOT, DRAFT202012.create_resource(document))
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"{ROOT}#{schema_pointer}"}, registry=registry, format_checker=jsonschema.FormatChecker()
    )
    for error in validator.iter_errors(example):
        sys.exit(f"the example of {name} does not match its schema: {error.json_path} {error.message}")


def walk(document, node, pointer=""):
    """Validates the examples next to schemas. Returns their number."""
    count = 0
    if isinstance(node, dict):
        if "schema" in node:
            named = {name: example["value"] for name, example in node.get("examples", {}).items()}
            if "example" in node:
                named["example"] = node["example"]
            for name, example in named.items():
                check(document, f"{pointer}/schema", example, f"{pointer} ({name})")
            count += len(named)
        for key, child in node.items():
            if key not in ("example", "examples"):
                count += walk(document, child, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        count += sum(walk(document, child, f"{pointer}/{place}") for place, child in enumerate(node))
    return count


def schemas(document):
    """Validates the examples within schemas and their members. Returns their number."""
    count = 0
    for name, schema in document["components"]["schemas"].items():
        for place, part in [("", schema), *((f"/properties/{key}", part) for key, part in schema.get("properties", {}).items())]:
            for example in [part["example"]] if "example" in part else part.get("examples", []):
                check(document, f"/components/schemas/{name}{place}", example, f"{name}{place}")
                count += 1
    return count


if __name__ == "__main__":
    text = requests.get(installation.URL + "/openapi.json", timeout=30).text
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(text)
    document = json.loads(text)
    print(f"{walk(document, document) + schemas(document)} examples match their schemas")
