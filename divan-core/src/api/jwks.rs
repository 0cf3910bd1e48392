use super::{Auth, Endpoint, JwkSet, Method, ProblemCode};

/// Answers the public keys by which other services check access tokens without a secret: an empty
/// set as long as tokens are signed with `SECRET_KEY` alone.
#[derive(Debug)]
pub enum Jwks {}

impl Endpoint for Jwks {
    const OPERATION: &'static str = "jwks";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/.well-known/jwks.json";
    const AUTH: Auth = Auth::None;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[];
    type Request = ();
    type Response = JwkSet;
}
