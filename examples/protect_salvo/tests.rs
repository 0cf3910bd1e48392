//! Tests with the real server.

#[path = "../test_protected.rs"]
mod test_protected;

use std::net::SocketAddr;
use std::time::Duration;

use divan_client::api::{CreateServiceRequest, ServiceScope};
use salvo::conn::tcp::TcpAcceptor;

use self::test_protected::{Scene, assert_invalid, assert_valid, audiences};
use super::*;

/// Starts this service, without a cache.
async fn serve(scene: &Scene, client: Client) -> SocketAddr {
    let request = CreateServiceRequest::new("Reports", [ServiceScope::Introspect]);
    let created = scene.admin.admin().create_service(&request).await.unwrap();
    let id = created.service.id.to_string();
    let introspection =
        Introspection::with_cache(client, &id, created.secret, audiences(), Duration::ZERO);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = app(&Protector::new(introspection));
    let acceptor = TcpAcceptor::try_from(listener).unwrap();
    tokio::spawn(Server::new(acceptor).serve(router));
    address
}

#[tokio::test]
async fn requests_are_answered_as_the_protector_decides() {
    let scene = Scene::start().await;
    let user = scene.employee.miniapp().me().await.unwrap();
    let service = serve(&scene, scene.client()).await;
    scene
        .assert_protected(service, &format!("Hello, First Last ({})!", user.id))
        .await;
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let scene = Scene::start().await;
    let later = serve(&scene, scene.client_in(Duration::from_mins(20))).await;
    assert_invalid(later, &scene.token().await).await;
}

#[tokio::test]
async fn a_sign_out_is_seen() {
    let scene = Scene::start().await;
    let service = serve(&scene, scene.client()).await;
    let token = scene.token().await;
    assert_valid(service, &token).await;
    scene.employee.miniapp().logout().await.unwrap();
    assert_invalid(service, &token).await;
}

#[tokio::test]
async fn without_the_server_the_service_is_unavailable() {
    let scene = Scene::start().await;
    let service = serve(&scene, scene.client()).await;
    scene.assert_unavailable_without_divan(service).await;
}
