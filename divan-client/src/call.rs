use std::time::Duration;

use divan_core::api::{Auth, BOOTSTRAP_TOKEN_HEADER, Endpoint, Method, Problem};
use divan_core::secret::Secret;
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use crate::error::Head;
use crate::{Client, Error};

/// The most that is read of an answer, in bytes. Those of the contract are far smaller.
const MAX_BODY: usize = 1024 * 1024;

const BOOTSTRAP_TOKEN: HeaderName = HeaderName::from_static(BOOTSTRAP_TOKEN_HEADER);

impl Client {
    /// Calls an endpoint of the contract; `credential` is what [`Endpoint::AUTH`] asks for.
    pub(crate) async fn call<E: Endpoint>(
        &self,
        credential: Option<&Secret>,
        request: &E::Request,
    ) -> Result<E::Response, Error> {
        let url = self.base.endpoint(E::PATH);
        let mut outgoing = match E::METHOD {
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url).json(request),
            _ => return Err(Error::setup("this client does not know the method of the endpoint")),
        };
        if let Some(secret) = credential {
            let (name, value) = credential_header(E::AUTH, secret)?;
            outgoing = outgoing.header(name, value);
        }
        let response = outgoing.send().await.map_err(Error::unanswered)?;
        let head = head(&response);
        if head.status == E::STATUS {
            let body = read_body(head, response).await?;
            serde_json::from_slice(&body).map_err(|error| Error::misshapen(head, &error))
        } else if head.status >= 400 && is_problem(response.headers()) {
            let body = read_body(head, response).await?;
            let problem: Problem =
                serde_json::from_slice(&body).map_err(|error| Error::misshapen(head, &error))?;
            Err(Error::refused(head, problem))
        } else {
            Err(Error::unexpected(head, "neither a success nor a problem"))
        }
    }
}

fn credential_header(auth: Auth, secret: &Secret) -> Result<(HeaderName, HeaderValue), Error> {
    let (name, value) = match auth {
        Auth::Bearer | Auth::Admin => {
            (AUTHORIZATION, HeaderValue::try_from(format!("Bearer {}", secret.expose())))
        }
        Auth::BootstrapToken => (BOOTSTRAP_TOKEN, HeaderValue::from_str(secret.expose())),
        _ => return Err(Error::setup("this client does not know the credential of the endpoint")),
    };
    let mut value =
        value.map_err(|_| Error::setup("the token holds a character that no header can carry"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn head(response: &Response) -> Head {
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    Head {
        status: response.status().as_u16(),
        retry_after: retry_after.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
    }
}

fn is_problem(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/problem+json")
}

async fn read_body(head: Head, mut response: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|cause| Error::cut_off(head, cause))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Error::unexpected(head, "larger than 1 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_with_secrets_are_marked_as_such() {
        for (auth, name, value) in [
            (Auth::Bearer, "authorization", "Bearer abc"),
            (Auth::Admin, "authorization", "Bearer abc"),
            (Auth::BootstrapToken, "x-bootstrap-token", "abc"),
        ] {
            let header = credential_header(auth, &Secret::new("abc")).unwrap();
            assert_eq!((header.0.as_str(), header.1.to_str().unwrap()), (name, value));
            assert!(header.1.is_sensitive());
        }
        assert!(credential_header(Auth::None, &Secret::new("abc")).unwrap_err().is_setup());
    }
}
