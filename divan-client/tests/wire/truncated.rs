//! Truncated responses.

use crate::support::me_with_raw_response;

#[tokio::test]
async fn a_truncated_body_is_unexpected() {
    for bytes in [
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{\"id\":",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n6\r\n{\"id\":\r\n",
    ] {
        let error = me_with_raw_response(bytes).await.unwrap_err();
        assert!(
            error.is_unexpected_response() && !error.is_timeout() && !error.is_connect(),
            "{error:?}"
        );
        assert_eq!(error.status(), Some(200));
        assert_eq!(
            error.to_string(),
            "unexpected response with status 200: truncated"
        );
    }
}

#[tokio::test]
async fn a_truncated_problem_is_unexpected() {
    let bytes = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/problem+json\r\ncontent-length: 99\r\n\r\n{";
    let error = me_with_raw_response(bytes).await.unwrap_err();
    assert!(
        error.is_unexpected_response() && error.is_unauthorized() && !error.is_problem(),
        "{error:?}"
    );
}

#[tokio::test]
async fn truncated_json_in_a_complete_body_is_unexpected() {
    let bytes =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 6\r\n\r\n{\"id\":";
    let error = me_with_raw_response(bytes).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "unexpected response with status 200: not JSON at line 1 column 6"
    );
}

#[tokio::test]
async fn a_response_that_is_not_http_has_no_status() {
    for bytes in ["", "HTTP/1.1 200", "SSH-2.0-OpenSSH_9.9\r\n"] {
        let error = me_with_raw_response(bytes).await.unwrap_err();
        assert!(
            error.is_unexpected_response() && !error.is_timeout() && !error.is_connect(),
            "{error:?}"
        );
        assert_eq!(error.status(), None);
        assert_eq!(
            error.to_string(),
            "the connection was closed before the response"
        );
    }
}
