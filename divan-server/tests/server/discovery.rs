//! The metadata with which other programs find keys and endpoints.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::*;
use crate::keys::{Deployment, generate_for};

const PATHS: [&str; 2] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
];

#[tokio::test]
async fn the_metadata_lists_what_exists() {
    let app = App::start().await;
    for path in PATHS {
        let response = app.get(path).await;
        assert_eq!(response.status.as_u16(), 200);
        assert_eq!(response.header("content-type"), "application/json");
        assert_eq!(response.header("cache-control"), "public, max-age=300");
        assert_eq!(
            response.json(),
            json!({
                "issuer": "https://sec.example.com",
                "jwks_uri": "https://sec.example.com/.well-known/jwks.json",
                "token_endpoint": "https://sec.example.com/auth/token",
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
                "grant_types_supported": ["password", "refresh_token", "client_credentials"],
                "scopes_supported": ["introspect", "users:read", "users:write", "audit:read", "events:read"],
                "introspection_endpoint": "https://sec.example.com/auth/introspect",
                "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "revocation_endpoint": "https://sec.example.com/auth/revoke",
                "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "response_types_supported": [],
                "subject_types_supported": ["public"],
                // SECRET_KEY signs, which other programs cannot verify.
                "id_token_signing_alg_values_supported": [],
                "claims_supported": [
                    "iss", "sub", "aud", "client_id", "role", "sid", "gen", "scope", "auth_time", "amr", "iat",
                    "nbf", "exp", "jti",
                ],
                "service_documentation": "https://sec.example.com/docs/",
            })
        );
    }
}

#[tokio::test]
async fn every_endpoint_and_grant_of_the_metadata_exists() {
    let app = App::start().await;
    let metadata = app.get(PATHS[0]).await.json();
    let mut endpoints = 0;
    for (member, url) in metadata.as_object().unwrap() {
        if member.ends_with("_endpoint") {
            let path = url
                .as_str()
                .unwrap()
                .strip_prefix("https://sec.example.com");
            let request = Request::post(path.unwrap()).body(Body::empty()).unwrap();
            assert_eq!(app.send(request).await.status.as_u16(), 415, "{member}");
            endpoints += 1;
        }
    }
    assert_eq!(endpoints, 3);
    for grant in metadata["grant_types_supported"].as_array().unwrap() {
        let request = Request::post("/auth/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("grant_type={}", grant.as_str().unwrap()).into());
        let response = app.send(request.unwrap()).await;
        assert!((400..=401).contains(&response.status.as_u16()), "{grant}");
        let error = response.json()["error"].clone();
        assert_ne!(error, "unsupported_grant_type", "{grant}");
    }
}

#[tokio::test]
async fn the_metadata_does_not_depend_on_the_request() {
    let app = App::start().await;
    let expected = app.get(PATHS[0]).await.json();
    for host in ["divan.example.com", "evil.example.com", "10.0.0.7:8000"] {
        for path in PATHS {
            let request = Request::get(path)
                .header("host", host)
                .header("x-forwarded-host", "evil.example.com")
                .header("x-forwarded-proto", "http");
            let response = app.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(response.json(), expected, "{host}{path}");
        }
    }
}

#[tokio::test]
async fn pages_may_read_the_metadata_as_they_may_read_the_keys() {
    let app = App::start().await;
    for origin in [MINIAPP_ORIGIN, "https://evil.example.com"] {
        let allowed = async |path: &str| {
            let request = Request::get(path).header("origin", origin);
            let response = app.send(request.body(Body::empty()).unwrap()).await;
            (
                response.status.as_u16(),
                response.header("access-control-allow-origin").to_owned(),
            )
        };
        let keys = allowed("/.well-known/jwks.json").await;
        for path in PATHS {
            assert_eq!(allowed(path).await, keys, "{path}");
        }
    }
}

#[tokio::test]
async fn issuer_algorithms_and_claims_are_those_of_the_tokens() {
    let folder = tempfile::tempdir().unwrap();
    generate_for("es256", folder.path(), "new.pem");
    generate_for("eddsa", folder.path(), "old.pem");
    let issuer = "https://SEC.example.com:443/divan/";
    let server = Deployment::start(
        folder.path(),
        &[
            ("DIVAN_SIGNING_KEY_FILE", "new.pem"),
            ("DIVAN_VERIFYING_KEY_FILES", "old.pem"),
            ("DIVAN_ISSUER", issuer),
            ("DIVAN_ADMIN_URL", "https://sec.example.com/panel/"),
            ("DIVAN_DOCS", "off"),
        ],
    );
    assert_eq!(server.bootstrap().await, 201);
    let token = server.sign_in().await.access_token;
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap());
    let claims: Value = serde_json::from_slice(&claims.unwrap()).unwrap();
    for path in PATHS {
        let metadata = server.get(path).await;
        assert_eq!(metadata["issuer"], issuer);
        assert_eq!(metadata["issuer"], claims["iss"]);
        assert_eq!(
            metadata["id_token_signing_alg_values_supported"],
            json!(["ES256", "EdDSA"])
        );
        assert_eq!(
            metadata["token_endpoint"],
            "https://sec.example.com/auth/token"
        );
        assert_eq!(metadata["service_documentation"], Value::Null);
        let supported = metadata["claims_supported"].as_array().unwrap();
        for claim in claims.as_object().unwrap().keys() {
            assert!(supported.contains(&json!(claim)), "{claim}");
        }
    }
    let jwks = server.get("/.well-known/jwks.json").await;
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
}
