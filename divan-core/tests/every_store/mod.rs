/// Defines a test of each function for each store. The function takes `Fixture::on(store)`.
macro_rules! on_every_store {
    ($($test:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() {
                let store = divan_core::store::MemoryStore::new();
                super::$test(super::Fixture::on(std::sync::Arc::new(store)).await).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")] async fn $test() {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("divan.db");
                let store = divan_core::store::SqliteStore::open(&file).await.unwrap();
                super::$test(super::Fixture::on(std::sync::Arc::new(store)).await).await;
            })*
        }
        mod postgres {
            use divan_core::database_url::DatabaseUrl;
            use divan_core::store::{PostgresPool, PostgresStore};

            $(#[tokio::test(flavor = "multi_thread")] async fn $test() {
                let database = divan_testing::TestDatabase::create().await;
                let DatabaseUrl::Postgres(url) = database.url().parse().unwrap() else { panic!() };
                let store = PostgresStore::open(&url, PostgresPool::default()).await.unwrap();
                super::$test(super::Fixture::on(std::sync::Arc::new(store)).await).await;
            })*
        }
    };
}
