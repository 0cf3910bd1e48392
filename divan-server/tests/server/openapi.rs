//! The OpenAPI document against the contract, and against the copy in `docs/`.

use std::collections::BTreeSet;
use std::path::Path;

use divan_core::api::{Auth, BODY_PROBLEMS, COMMON_PROBLEMS, ENDPOINTS, ProblemCode};
use serde_json::{Value, json};

fn document() -> Value {
    serde_json::to_value(divan_server::openapi()).unwrap()
}

#[test]
fn the_document_has_every_endpoint_of_the_contract_and_no_other() {
    let document = document();
    let operations = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, operation)| {
            (method.to_uppercase(), path.clone(), operation["operationId"].as_str().unwrap().to_owned())
        })
    });
    let contract = ENDPOINTS.iter().map(|endpoint| {
        (endpoint.method.as_str().to_owned(), endpoint.path.to_owned(), endpoint.operation.to_owned())
    });
    assert_eq!(operations.collect::<BTreeSet<_>>(), contract.collect::<BTreeSet<_>>());
}

#[test]
fn every_operation_has_a_summary_its_success_its_problems_and_its_security() {
    let document = document();
    for endpoint in ENDPOINTS {
        let operation = &document["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()];
        let name = endpoint.operation;
        assert!(operation["summary"].is_string(), "{name}");
        let success = &operation["responses"][endpoint.status.to_string()];
        let answers = success["content"]["application/json"]["schema"].is_object();
        assert_eq!((answers, success.is_object()), (endpoint.status != 204, true), "{name}");
        assert_eq!(operation["requestBody"].is_object(), endpoint.has_body, "{name}");

        let body: &[ProblemCode] = if endpoint.has_body { BODY_PROBLEMS } else { &[] };
        for code in endpoint.problems.iter().chain(body).chain(COMMON_PROBLEMS) {
            let response = &operation["responses"][code.status().to_string()];
            let description = response["description"].as_str().unwrap_or_default();
            assert!(description.contains(code.as_str()), "{name} does not tell of {}", code.as_str());
            assert!(response["content"]["application/problem+json"].is_object(), "{name}");
        }
        let security = match endpoint.auth {
            Auth::Bearer | Auth::BearerOfAnyScope | Auth::Admin => {
                json!([{"admin_password": []}, {"access_token": []}])
            }
            _ => Value::Null,
        };
        assert_eq!(operation["security"], security, "{name}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
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
        copy == document(),
        "docs/openapi.json is out of date: cargo run -p divan-server -- openapi > docs/openapi.json"
    );
}
