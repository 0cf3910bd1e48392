//! The OpenAPI document against the contract, and against the copy in `docs/`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use divan_core::api::{Auth, ENDPOINTS, EndpointDescription, MediaType, Problem, ProblemCode};
use serde_json::{Value, json};

pub(crate) fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> =
        LazyLock::new(|| serde_json::to_value(divan_server::openapi()).unwrap());
    &DOCUMENT
}

pub(crate) fn operation(endpoint: &EndpointDescription) -> &'static Value {
    &document()["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()]
}

#[test]
fn the_document_has_every_endpoint_of_the_contract_and_no_other() {
    let document = document();
    let operations = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods
                .as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| {
                    (
                        method.to_uppercase(),
                        path.clone(),
                        operation["operationId"].as_str().unwrap().to_owned(),
                    )
                })
        });
    let contract = ENDPOINTS
        .iter()
        .map(|endpoint| (endpoint.method.as_str(), endpoint.path, endpoint.operation))
        // Defined by RFC 6749 and by proxies instead of the contract.
        .chain([
            ("POST", "/auth/token", "token"),
            ("POST", "/auth/introspect", "introspect"),
            ("POST", "/auth/revoke", "revoke"),
            ("GET", "/auth/verify", "verify"),
        ])
        .map(|(method, path, name)| (method.to_owned(), path.to_owned(), name.to_owned()));
    assert_eq!(
        operations.collect::<BTreeSet<_>>(),
        contract.collect::<BTreeSet<_>>()
    );
}

#[test]
fn every_operation_documents_its_success_and_its_security() {
    for endpoint in ENDPOINTS {
        let (name, operation) = (endpoint.operation, operation(endpoint));
        let success = &operation["responses"][endpoint.status.to_string()];
        let has_body = success["content"][endpoint.response_type.as_str()]["schema"].is_object();
        assert_eq!(
            (has_body, success.is_object()),
            (endpoint.status != 204, true),
            "{name}"
        );
        let is_optional = endpoint.auth == Auth::RefreshTokenOrBearer;
        assert_eq!(
            operation["requestBody"]["required"] == true,
            (endpoint.has_body || endpoint.request_type != MediaType::Json) && !is_optional,
            "{name}"
        );
        let security = match endpoint.auth {
            Auth::Bearer | Auth::BearerAnyScope | Auth::Admin | Auth::AdminAnyScope => {
                json!([{"admin_password": []}, {"access_token": []}])
            }
            Auth::AdminOrService(scope) => json!([
                {"admin_password": []},
                {"access_token": []},
                {"service_token": [scope.as_str()]},
                {"service_secret": []}
            ]),
            Auth::RefreshTokenOrBearer => {
                json!([{}, {"admin_password": []}, {"access_token": []}])
            }
            Auth::InitData => json!([{}, {"init_data": []}]),
            _ => Value::Null,
        };
        assert_eq!(operation["security"], security, "{name}");
    }
}

#[test]
fn every_problem_of_an_operation_has_a_description_and_an_example() {
    for endpoint in ENDPOINTS {
        let (name, operation) = (endpoint.operation, operation(endpoint));
        let codes: BTreeSet<&str> = endpoint.problems().map(ProblemCode::as_str).collect();
        let mut shown = BTreeSet::new();
        for (status, response) in operation["responses"].as_object().unwrap() {
            let content = &response["content"]["application/problem+json"];
            for (word, example) in content["examples"].as_object().into_iter().flatten() {
                let problem: Problem = serde_json::from_value(example["value"].clone()).unwrap();
                let code = ProblemCode::from_code(word);
                assert_eq!(
                    (problem.code(), problem.status()),
                    (code, code.status()),
                    "{name} {word}"
                );
                assert_eq!(status, &code.status().to_string(), "{name} {word}");
                assert_eq!(
                    problem.request_id().is_some(),
                    code.status() >= 500,
                    "{name} {word}"
                );
                let description = response["description"].as_str().unwrap();
                assert!(
                    description.contains(&format!("`{word}`: {}", code.description())),
                    "{name} {word}"
                );
                shown.insert(code.as_str());
            }
            // Every operation can return `unavailable`.
            for (header, statuses) in [
                ("WWW-Authenticate", &["401"][..]),
                ("Retry-After", &["429", "503"]),
            ] {
                let is_described = response["headers"][header].is_object();
                // A missing scope has a challenge (RFC 6750).
                let has_scope = matches!(endpoint.auth, Auth::AdminOrService(_));
                let is_scope = has_scope && status == "403" && header == "WWW-Authenticate";
                assert_eq!(
                    is_described,
                    statuses.contains(&status.as_str()) || is_scope,
                    "{name} {status} {header}"
                );
            }
        }
        assert_eq!(shown, codes, "{name}");
    }
}

#[test]
fn everything_has_a_description_for_readers() {
    let document = document();
    let described = |part: &Value, what: &str| {
        // A member that may be `null` and has a schema of its own is described in that alternative.
        let description = [part, &part["oneOf"][0]].map(|part| part["description"].as_str());
        let text = description.into_iter().flatten().next().unwrap_or_default();
        assert!(!text.is_empty(), "{what} has no description");
        for source in ["```", "[`", "crate::", "Self::"] {
            assert!(
                !text.contains(source),
                "{what} has a description for readers of the source: {text}"
            );
        }
    };
    let mut tags = BTreeSet::new();
    for endpoint in ENDPOINTS {
        let (name, operation) = (endpoint.operation, operation(endpoint));
        assert!(operation["summary"].is_string(), "{name}");
        described(operation, name);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            described(parameter, &format!("{name} {}", parameter["name"]));
        }
        tags.insert(operation["tags"][0].as_str().unwrap());
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        described(schema, name);
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            described(schema, &format!("{name}.{member}"));
        }
    }
    for (name, scheme) in document["components"]["securitySchemes"]
        .as_object()
        .unwrap()
    {
        described(scheme, name);
    }
    let listed = document["tags"].as_array().unwrap();
    for tag in listed {
        described(tag, &tag["name"].to_string());
    }
    assert_eq!(
        listed
            .iter()
            .map(|tag| tag["name"].as_str().unwrap())
            .collect::<BTreeSet<_>>(),
        tags
    );
    let guide = document["info"]["description"].as_str().unwrap();
    for code in ProblemCode::ALL {
        assert!(
            guide.contains(&format!("| `{}` | {} |", code.as_str(), code.status())),
            "{code:?}"
        );
    }
}

/// Swagger UI fills an example in, and would send it as a filter.
#[test]
fn query_parameters_have_no_examples() {
    let mut checked = 0;
    for endpoint in ENDPOINTS {
        let parameters = operation(endpoint)["parameters"].as_array();
        for parameter in parameters.into_iter().flatten() {
            if parameter["in"] != "query" {
                continue;
            }
            let examples = [
                &parameter["example"],
                &parameter["examples"],
                &parameter["schema"]["example"],
                &parameter["schema"]["default"],
            ];
            for example in examples {
                assert!(example.is_null(), "{}: {parameter}", endpoint.path);
            }
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn every_reference_resolves() {
    let document = document();
    let text = document.to_string();
    for reference in text.split(r##""$ref":"#"##).skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn the_copy_in_docs_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let copy: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(
        &copy == document(),
        "docs/openapi.json is out of date: cargo run -p divan-server -- openapi > docs/openapi.json"
    );
}

#[test]
fn the_copy_of_the_asyncapi_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/asyncapi.json");
    let copy: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(
        copy == divan_server::asyncapi(),
        "docs/asyncapi.json is out of date: cargo run -p divan-server -- asyncapi > docs/asyncapi.json"
    );
}
