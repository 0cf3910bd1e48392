use super::{Auth, Endpoint, Method, ProblemCode};
use crate::types::User;

/// Answers who is asking: the way to check a token.
#[derive(Debug)]
pub enum Me {}

impl Endpoint for Me {
    const OPERATION: &'static str = "me";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/auth/me";
    const AUTH: Auth = Auth::Bearer;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] =
        &[ProblemCode::TokenMissing, ProblemCode::TokenInvalid, ProblemCode::TokenExpired];
    type Request = ();
    type Response = User;
}
