use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::TotpSecret;
use crate::secret::Secret;

/// All characters but the unreserved ones of
/// [RFC 3986, section 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns the URI of a secret in the
/// [format of authenticator apps](https://github.com/google/google-authenticator/wiki/Key-Uri-Format).
pub(super) fn otpauth(secret: &TotpSecret, issuer: &str, account: &str) -> Secret {
    let (issuer, account) = (escape(issuer), escape(account));
    Secret::new(format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={period}",
        secret = secret.to_base32().expose(),
        period = TotpSecret::STEP_SECONDS,
    ))
}

/// A colon separates issuer and account, also an escaped one.
fn escape(text: &str) -> String {
    utf8_percent_encode(&text.replace(':', "-"), RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uri_has_the_form_of_authenticator_apps() {
        let secret = TotpSecret::from_bytes(*b"12345678901234567890");
        assert_eq!(
            secret.uri("sec.example.com", "admin@example.com").expose(),
            "otpauth://totp/sec.example.com:admin%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=sec.example.com&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn issuer_and_account_are_escaped() {
        let uri = TotpSecret::from_bytes([0; 20]).uri("Диван: A&B", "a+b@x.kz?secret=0");
        let issuer = "%D0%94%D0%B8%D0%B2%D0%B0%D0%BD-%20A%26B";
        assert!(uri.expose().starts_with(&format!(
            "otpauth://totp/{issuer}:a%2Bb%40x.kz%3Fsecret%3D0?secret=AAAA"
        )));
        assert!(uri.expose().contains(&format!("&issuer={issuer}&")));
    }
}
