use std::fmt::Display;
use std::time::Duration;

use divan_core::api::{Auth, BOOTSTRAP_TOKEN_HEADER, Endpoint, Method, Problem};
use divan_core::secret::Secret;
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{RequestBuilder, Response};
use tokio::time::Instant;

use crate::Error;
use crate::error::Head;
use crate::retries::Repeat;
use crate::wire::Wire;

/// The most that is read of an answer, in bytes. Those of the contract are far smaller.
const MAX_BODY: usize = 1024 * 1024;

const NO_CONTENT: u16 = 204;

const BOOTSTRAP_TOKEN: HeaderName = HeaderName::from_static(BOOTSTRAP_TOKEN_HEADER);

/// What is sent to an endpoint, but for the credential.
pub(crate) struct Call<'a, E: Endpoint> {
    path: String,
    request: &'a E::Request,
}

impl<'a, E: Endpoint> Call<'a, E> {
    pub(crate) fn of(request: &'a E::Request) -> Self {
        Self {
            path: E::PATH.to_owned(),
            request,
        }
    }

    /// The same about what has this id, a UUID: nothing in it has to be escaped.
    pub(crate) fn about(self, id: impl Display) -> Self {
        Self {
            path: self.path.replace("{id}", &id.to_string()),
            ..self
        }
    }
}

impl Wire {
    /// Calls an endpoint of the contract; `credential` is what [`Endpoint::AUTH`] asks for.
    ///
    /// It is sent again where [`Retries`](crate::Retries) say so, and over at the deadline.
    pub(crate) async fn call<E: Endpoint>(
        &self,
        call: &Call<'_, E>,
        credential: Option<&Secret>,
        deadline: Instant,
    ) -> Result<E::Response, Error> {
        let repeat = Repeat::of::<E>();
        let mut attempt = 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::out_of_time());
            }
            let request = self
                .request(call, credential)?
                .timeout(self.retries.time_for(repeat, attempt, left));
            let error = match exchange::<E>(request).await {
                Err(error) => error,
                answered => return answered,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(pause) = self.retries.pause(repeat, attempt, &error, left) else {
                return Err(error);
            };
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    fn request<E: Endpoint>(
        &self,
        call: &Call<'_, E>,
        credential: Option<&Secret>,
    ) -> Result<RequestBuilder, Error> {
        let mut url = self.base.endpoint(&call.path);
        // `()` is the one request without a member.
        let has_members = size_of::<E::Request>() > 0;
        if has_members && E::METHOD == Method::Get {
            let query = serde_urlencoded::to_string(call.request);
            let query = query
                .map_err(|cause| Error::setup_failed("the parameters cannot be written", cause))?;
            url.set_query(
                Some(&query)
                    .filter(|query| !query.is_empty())
                    .map(String::as_str),
            );
        }
        let mut request = match E::METHOD {
            Method::Get => self.http.get(url),
            Method::Post => self.http.post(url),
            Method::Patch => self.http.patch(url),
            Method::Delete => self.http.delete(url),
            _ => {
                return Err(Error::setup(
                    "this client does not know the method of the endpoint",
                ));
            }
        };
        if has_members && E::METHOD != Method::Get {
            request = request.json(call.request);
        }
        if let Some(secret) = credential {
            let (name, value) = credential_header(E::AUTH, secret)?;
            request = request.header(name, value);
        }
        Ok(request)
    }
}

/// Sends once, and reads the answer.
async fn exchange<E: Endpoint>(request: RequestBuilder) -> Result<E::Response, Error> {
    let response = request.send().await.map_err(Error::unanswered)?;
    let head = head(&response);
    if head.status == E::STATUS {
        let body = if E::STATUS == NO_CONTENT {
            b"null".to_vec()
        } else {
            read_body(head, response).await?
        };
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

fn credential_header(auth: Auth, secret: &Secret) -> Result<(HeaderName, HeaderValue), Error> {
    let (name, value) = match auth {
        Auth::Bearer | Auth::BearerOfAnyScope | Auth::Admin => {
            let bearer = Secret::new(format!("Bearer {}", secret.expose()));
            (AUTHORIZATION, HeaderValue::from_str(bearer.expose()))
        }
        Auth::BootstrapToken => (BOOTSTRAP_TOKEN, HeaderValue::from_str(secret.expose())),
        _ => {
            return Err(Error::setup(
                "this client does not know the credential of the endpoint",
            ));
        }
    };
    let mut value =
        value.map_err(|_| Error::setup("the token holds a character that no header can carry"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn head(response: &Response) -> Head {
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    Head {
        status: response.status().as_u16(),
        retry_after: retry_after
            .and_then(|seconds| seconds.parse().ok())
            .map(Duration::from_secs),
    }
}

fn is_problem(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default();
    essence
        .trim()
        .eq_ignore_ascii_case("application/problem+json")
}

async fn read_body(head: Head, mut response: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|cause| Error::cut_off(head, cause))?
    {
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
            (Auth::BearerOfAnyScope, "authorization", "Bearer abc"),
            (Auth::Admin, "authorization", "Bearer abc"),
            (Auth::BootstrapToken, "x-bootstrap-token", "abc"),
        ] {
            let header = credential_header(auth, &Secret::new("abc")).unwrap();
            assert_eq!(
                (header.0.as_str(), header.1.to_str().unwrap()),
                (name, value)
            );
            assert!(header.1.is_sensitive());
        }
        assert!(
            credential_header(Auth::None, &Secret::new("abc"))
                .unwrap_err()
                .is_setup()
        );
    }
}
