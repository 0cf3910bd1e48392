use super::{Auth, Endpoint, JwkSet, Method, ProblemCode};

/// Returns the public keys with which other services verify access tokens. Empty if tokens are
/// signed with `SECRET_KEY` only.
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
