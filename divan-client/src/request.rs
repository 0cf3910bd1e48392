use std::fmt::Display;

use divan_core::api::{Auth, BOOTSTRAP_TOKEN_HEADER, Endpoint, Method};
use divan_core::secret::Secret;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder};

use crate::base_url::BaseUrl;
use crate::error::Error;

const BOOTSTRAP_TOKEN: HeaderName = HeaderName::from_static(BOOTSTRAP_TOKEN_HEADER);

/// Request to an endpoint, without its credential.
pub(crate) struct Request<'a, E: Endpoint> {
    path: String,
    body: &'a E::Request,
}

impl<'a, E: Endpoint> Request<'a, E> {
    pub(crate) fn new(body: &'a E::Request) -> Self {
        Self {
            path: E::PATH.to_owned(),
            body,
        }
    }

    /// Sets the path parameter `{id}`: a UUID, which needs no escaping.
    pub(crate) fn path_id(self, id: impl Display) -> Self {
        Self {
            path: self.path.replace("{id}", &id.to_string()),
            ..self
        }
    }

    /// Sets the path parameter `{secret_id}`.
    pub(crate) fn path_secret_id(self, id: impl Display) -> Self {
        Self {
            path: self.path.replace("{secret_id}", &id.to_string()),
            ..self
        }
    }

    pub(crate) fn build(
        &self,
        http: &Client,
        base_url: &BaseUrl,
        credential: Option<&Secret>,
    ) -> Result<RequestBuilder, Error> {
        let mut url = base_url.endpoint(&self.path);
        // Endpoints without a body have the request type `()`.
        let has_members = size_of::<E::Request>() > 0;
        if has_members && E::METHOD == Method::Get {
            let query = serde_urlencoded::to_string(self.body)
                .map_err(|cause| Error::setup_failed("cannot serialize the query", cause))?;
            url.set_query((!query.is_empty()).then_some(query.as_str()));
        }
        let mut request = match E::METHOD {
            Method::Get => http.get(url),
            Method::Post => http.post(url),
            Method::Patch => http.patch(url),
            Method::Delete => http.delete(url),
            _ => return Err(Error::setup("unsupported HTTP method")),
        };
        if has_members && E::METHOD != Method::Get {
            request = request.json(self.body);
        }
        if let Some(secret) = credential {
            let (name, value) = credential_header(E::AUTH, secret)?;
            request = request.header(name, value);
        }
        Ok(request)
    }
}

fn credential_header(auth: Auth, secret: &Secret) -> Result<(HeaderName, HeaderValue), Error> {
    let (name, value) = match auth {
        Auth::Bearer
        | Auth::BearerAnyScope
        | Auth::RefreshTokenOrBearer
        | Auth::Admin
        | Auth::AdminAnyScope
        | Auth::AdminOrService(_) => {
            let bearer = Secret::new(format!("Bearer {}", secret.expose()));
            (AUTHORIZATION, HeaderValue::from_str(bearer.expose()))
        }
        Auth::BootstrapToken => (BOOTSTRAP_TOKEN, HeaderValue::from_str(secret.expose())),
        _ => return Err(Error::setup("unsupported authentication scheme")),
    };
    let mut value = value
        .map_err(|_| Error::setup("the token contains a character not allowed in a header"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use divan_core::types::ServiceScope;

    use super::*;

    #[test]
    fn credential_headers_are_marked_sensitive() {
        for (auth, name, value) in [
            (Auth::Bearer, "authorization", "Bearer abc"),
            (Auth::BearerAnyScope, "authorization", "Bearer abc"),
            (Auth::Admin, "authorization", "Bearer abc"),
            (
                Auth::AdminOrService(ServiceScope::UsersRead),
                "authorization",
                "Bearer abc",
            ),
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
