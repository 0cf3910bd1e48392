use super::{Auth, Endpoint, Method};
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
    type Request = ();
    type Response = User;
}
