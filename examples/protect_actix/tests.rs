//! Tests with the real server.

#[path = "../test_protected.rs"]
mod test_protected;

use std::net::{SocketAddr, TcpListener};

use self::test_protected::{Scene, assert_invalid, assert_valid, audiences};
use super::*;

/// Starts this service.
fn serve(client: Client) -> SocketAddr {
    let issuer = "http://sec.localhost:8000";
    let keys = RemoteKeys::new(client, issuer, audiences(), KeySettings::default());
    let protector = Protector::new(keys);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = HttpServer::new(move || App::new().configure(routes(&protector)))
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap();
    tokio::spawn(server.run());
    address
}

#[tokio::test]
async fn requests_are_answered_as_the_protector_decides() {
    let scene = Scene::start().await;
    let user = scene.employee.miniapp().me().await.unwrap();
    let service = serve(scene.client());
    scene
        .assert_protected(service, &format!("Hello, {}!", user.id))
        .await;
}

#[tokio::test]
async fn a_token_is_accepted_until_it_expires() {
    let scene = Scene::start().await;
    let token = scene.token().await;
    scene.employee.miniapp().logout().await.unwrap();
    assert_valid(serve(scene.client()), &token).await;
    let later = serve(scene.client_in(Duration::from_mins(20)));
    assert_invalid(later, &token).await;
}

#[tokio::test]
async fn without_keys_the_service_is_unavailable() {
    let scene = Scene::start().await;
    let service = serve(scene.client());
    scene.assert_unavailable_without_divan(service).await;
}
