//! Keys of access tokens: generated on the command line, published, rotated without signing users out.

use std::path::Path;

use divan_core::token::{SigningAlgorithm, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::harness::*;
use crate::process::{KEY, Running, no_tls, program, run, start};

#[test]
fn a_key_file_is_private_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    let (code, kid, stderr) =
        run(program(folder.path()).args(["keys", "generate", "--out", "key.pem"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let pem = std::fs::read_to_string(&path).unwrap();
    let key = SigningKey::from_pem(&pem).unwrap();
    assert_eq!(kid.trim_end(), key.verifying_key().kid());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let (code, stdout, stderr) =
        run(program(folder.path()).args(["keys", "generate", "--out", "key.pem"]));
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert_eq!(
        stderr,
        "divan-server: key.pem already exists and is not overwritten\n"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), pem);
    let (code, _, stderr) =
        run(program(folder.path()).args(["keys", "generate", "--out", "missing/key.pem"]));
    assert_eq!(code, 1);
    assert!(
        stderr.starts_with("divan-server: cannot write missing/key.pem: "),
        "{stderr}"
    );
}

#[test]
fn a_key_is_printed_without_a_file_name() {
    let folder = tempfile::tempdir().unwrap();
    let (code, pem, stderr) = run(program(folder.path()).args(["keys", "generate"]));
    let key = SigningKey::from_pem(&pem).unwrap();
    assert_eq!(
        (code, stderr),
        (0, format!("kid {}\n", key.verifying_key().kid()))
    );
    assert_eq!(key.algorithm(), SigningAlgorithm::EdDsa, "the default");
    let es256 = ["keys", "generate", "--algorithm", "es256"];
    let (_, pem_of_es256, _) = run(program(folder.path()).args(es256));
    let es256 = SigningKey::from_pem(&pem_of_es256).unwrap();
    assert_eq!(es256.algorithm(), SigningAlgorithm::Es256);
    let rs256 = ["keys", "generate", "--algorithm", "rs256"];
    assert_eq!(run(program(folder.path()).args(rs256)).0, 2);
    let (_, another, _) = run(program(folder.path()).args(["keys", "generate"]));
    assert_ne!(pem, another);
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "no file is left"
    );
}

#[test]
fn the_public_half_of_a_p256_key_has_two_coordinates() {
    let folder = tempfile::tempdir().unwrap();
    let kid = generate_for("es256", folder.path(), "key.pem");
    let show = |arguments: &[&str]| {
        run(program(folder.path())
            .args(["keys", "show"])
            .args(arguments))
    };
    let (code, jwk, _) = show(&["key.pem"]);
    let jwk: Value = serde_json::from_str(&jwk).unwrap();
    assert_eq!(
        (code, &jwk["kid"], &jwk["kty"], &jwk["alg"]),
        (0, &json!(kid), &json!("EC"), &json!("ES256"))
    );
    assert!(jwk["x"].is_string() && jwk["y"].is_string(), "{jwk}");
    let (_, public, _) = show(&["key.pem", "--pem"]);
    assert_eq!(VerifyingKey::from_pem(&public).unwrap().kid(), kid);
}

#[test]
fn the_public_half_of_a_key_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let kid = generate(folder.path(), "key.pem");
    let show = |arguments: &[&str]| {
        run(program(folder.path())
            .args(["keys", "show"])
            .args(arguments))
    };
    let (code, jwk, _) = show(&["key.pem"]);
    let jwk: Value = serde_json::from_str(&jwk).unwrap();
    assert_eq!(
        (code, &jwk["kid"], &jwk["crv"]),
        (0, &json!(kid), &json!("Ed25519"))
    );
    let (_, public, _) = show(&["key.pem", "--pem"]);
    assert_eq!(VerifyingKey::from_pem(&public).unwrap().kid(), kid);
    std::fs::write(folder.path().join("public.pem"), &public).unwrap();
    assert_eq!(show(&["public.pem", "--pem"]), (0, public, String::new()));
    std::fs::write(folder.path().join("none.pem"), "a hidden text").unwrap();
    let refused =
        "divan-server: none.pem is not a usable key file: it does not contain a key in PEM (PKCS#8)\n"
            .to_owned();
    assert_eq!(show(&["none.pem"]), (1, String::new(), refused));
    let refused =
        "divan-server: /dev/zero is not a usable key file: it does not contain a key in PEM (PKCS#8)\n"
            .to_owned();
    assert_eq!(
        show(&["/dev/zero"]),
        (1, String::new(), refused),
        "it is not read to its end"
    );
    assert!(
        show(&["missing.pem"])
            .2
            .starts_with("divan-server: cannot read missing.pem: ")
    );
}

#[tokio::test]
async fn without_a_signing_key_no_key_is_published() {
    let app = App::start().await;
    let response = app.get("/.well-known/jwks.json").await;
    assert_eq!(
        (response.status.as_u16(), response.json()),
        (200, json!({"keys": []}))
    );
    assert_eq!(response.header("content-type"), "application/json");
    assert_eq!(response.header("cache-control"), "public, max-age=300");
}

#[tokio::test]
async fn a_rotation_keeps_users_signed_in() {
    for (from, to) in [("eddsa", "eddsa"), ("eddsa", "es256"), ("es256", "eddsa")] {
        rotate(from, to).await;
    }
}

async fn rotate(from: &str, to: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (
        generate_for(from, folder.path(), "old.pem"),
        generate_for(to, folder.path(), "new.pem"),
    );
    let before = Deployment::start(folder.path(), &[("DIVAN_SIGNING_KEY_FILE", "old.pem")]);
    assert_eq!(before.bootstrap().await, 201);
    let session = before.sign_in().await;
    assert_eq!(session.kid, old);
    assert_eq!(before.kids().await, [old.as_str()]);

    drop(before);
    let both = [
        ("DIVAN_SIGNING_KEY_FILE", "new.pem"),
        ("DIVAN_VERIFYING_KEY_FILES", "old.pem"),
    ];
    let rotated = Deployment::start(folder.path(), &both);
    assert_eq!(rotated.me(&session).await, (200, Value::Null));
    assert_eq!(rotated.sign_in().await.kid, new);
    assert_eq!(rotated.kids().await, [new.clone(), old]);

    drop(rotated);
    let done = Deployment::start(folder.path(), &[("DIVAN_SIGNING_KEY_FILE", "new.pem")]);
    assert_eq!(done.me(&session).await, (401, json!("token_invalid")));
    let refreshed = done.refresh(&session).await;
    assert_eq!(
        (&refreshed.kid, done.me(&refreshed).await),
        (&new, (200, Value::Null))
    );
    assert_eq!(done.kids().await, [new]);
}

#[tokio::test]
async fn a_change_from_the_secret_key_to_eddsa_keeps_users_signed_in() {
    let folder = tempfile::tempdir().unwrap();
    let kid = generate(folder.path(), "key.pem");
    let before = Deployment::start(folder.path(), &[]);
    assert_eq!(before.bootstrap().await, 201);
    let session = before.sign_in().await;
    assert_eq!(session.kid, "");

    drop(before);
    let until = |date| {
        [
            ("DIVAN_SIGNING_KEY_FILE", "key.pem"),
            ("DIVAN_ACCEPT_HS256_UNTIL", date),
        ]
    };
    let moved = Deployment::start(folder.path(), &until("2999-12-31T23:59:59Z"));
    assert_eq!(moved.me(&session).await, (200, Value::Null));
    assert_eq!(moved.sign_in().await.kid, kid);

    drop(moved);
    let over = Deployment::start(folder.path(), &until("2020-01-01T00:00:00+05:00"));
    assert_eq!(over.me(&session).await, (401, json!("token_invalid")));

    drop(over);
    let done = Deployment::start(folder.path(), &until("")[..1]);
    assert_eq!(done.me(&session).await, (401, json!("token_invalid")));
    let refreshed = done.refresh(&session).await;
    assert_eq!(
        (refreshed.kid.as_str(), done.me(&refreshed).await),
        (kid.as_str(), (200, Value::Null))
    );
}

/// Generates a key in the folder and returns its id.
fn generate(folder: &Path, name: &str) -> String {
    generate_for("eddsa", folder, name)
}

/// Generates a key for an algorithm in the folder and returns its id.
pub(crate) fn generate_for(algorithm: &str, folder: &Path, name: &str) -> String {
    let arguments = ["keys", "generate", "--algorithm", algorithm, "--out", name];
    let (code, kid, stderr) = run(program(folder).args(arguments));
    assert_eq!(code, 0, "{stderr}");
    kid.trim_end().to_owned()
}

/// A server with these variables, and a client.
pub(crate) struct Deployment {
    server: Running,
    client: reqwest::Client,
}

pub(crate) struct SignedIn {
    pub(crate) access_token: String,
    refresh_token: String,
    /// The `kid` of the access token; empty if it has none.
    kid: String,
}

impl Deployment {
    pub(crate) fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = program(folder);
        command
            .env("DATABASE_URL", "sqlite:divan.db")
            .env("SECRET_KEY", KEY);
        command
            .env("DIVAN_MINIAPP_URL", MINIAPP_ORIGIN)
            .env("DIVAN_ADMIN_URL", ADMIN_ORIGIN);
        command
            .env("DIVAN_BOOTSTRAP_TOKEN", "the bootstrap token")
            .envs(variables.iter().copied());
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls())
            .build()
            .unwrap();
        Self {
            server: start(&mut command),
            client,
        }
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self
            .client
            .post(self.server.url(path))
            .header("x-bootstrap-token", "the bootstrap token");
        let response = request.json(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn bootstrap(&self) -> u16 {
        self.post("/auth/admin/bootstrap", &bootstrap_request())
            .await
            .0
    }

    pub(crate) async fn sign_in(&self) -> SignedIn {
        SignedIn::from_response(&self.post("/auth/admin/login", &bootstrap_request()).await)
    }

    async fn refresh(&self, session: &SignedIn) -> SignedIn {
        let body = json!({"refresh_token": session.refresh_token});
        SignedIn::from_response(&self.post("/auth/refresh", &body).await)
    }

    /// Returns the status and the code of the problem.
    async fn me(&self, session: &SignedIn) -> (u16, Value) {
        let request = self
            .client
            .get(self.server.url("/auth/me"))
            .bearer_auth(&session.access_token);
        let response = request.send().await.unwrap();
        (
            response.status().as_u16(),
            response.json::<Value>().await.unwrap()["code"].take(),
        )
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.client.get(self.server.url(path)).send().await;
        response.unwrap().json().await.unwrap()
    }

    async fn kids(&self) -> Vec<String> {
        let jwks = self.get("/.well-known/jwks.json").await;
        let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
        jwks["keys"].as_array().unwrap().iter().map(kid).collect()
    }
}

impl SignedIn {
    fn from_response((status, session): &(u16, Value)) -> Self {
        assert_eq!(*status, 200, "{session}");
        let token = |name: &str| session[name].as_str().unwrap().to_owned();
        let access_token = token("access_token");
        let header =
            serde_json::to_value(jsonwebtoken::decode_header(&access_token).unwrap()).unwrap();
        let kid = header["kid"].as_str().unwrap_or_default().to_owned();
        Self {
            access_token,
            refresh_token: token("refresh_token"),
            kid,
        }
    }
}
