//! Contract of every token store.

use std::sync::Arc;

use divan_client::api::Audience;
use divan_client::{CasResult, FileStore, MemoryStore, Secret, TokenStore, Tokens};

use crate::support::{REFRESH_TOKEN, TOKEN, tokens, tokens_with};

pub(crate) fn pair(name: &str) -> Tokens {
    tokens_with("https://divan.example.com/", Audience::MiniApp, name)
}

/// Creates an empty store of each kind, and the directory of the file.
fn stores() -> ([Arc<dyn TokenStore>; 2], tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = FileStore::new(folder.path().join("some/directory/tokens"));
    ([Arc::new(MemoryStore::new()), Arc::new(file)], folder)
}

async fn stored(store: &dyn TokenStore) -> Option<String> {
    store
        .load()
        .await
        .unwrap()
        .map(|tokens| tokens.to_text().expose().to_owned())
}

/// Swaps, and returns `true` if it succeeded. After a conflict, the reported tokens must be the stored
/// ones.
async fn swap(store: &dyn TokenStore, expected: Option<&Tokens>, next: Option<&Tokens>) -> bool {
    match store.compare_and_swap(expected, next).await.unwrap() {
        CasResult::Swapped => true,
        CasResult::Conflict(now) => {
            let now = now.map(|tokens| tokens.to_text().expose().to_owned());
            assert_eq!(now, stored(store).await);
            false
        }
    }
}

#[tokio::test]
async fn compare_and_swap_replaces_only_the_expected_tokens() {
    let (a, b, c) = (pair("a"), pair("b"), pair("c"));
    let text = |tokens: &Tokens| Some(tokens.to_text().expose().to_owned());
    let (stores, _folder) = stores();
    for store in &stores {
        assert_eq!(stored(store).await, None);
        assert!(!swap(store, Some(&a), Some(&b)).await);
        assert!(!swap(store, Some(&a), None).await);
        assert!(swap(store, None, None).await);

        assert!(swap(store, None, Some(&a)).await);
        assert_eq!(stored(store).await, text(&a));
        assert!(!swap(store, None, Some(&b)).await);
        assert!(!swap(store, Some(&b), Some(&c)).await);
        assert!(!swap(store, Some(&b), None).await);
        assert_eq!(stored(store).await, text(&a));

        assert!(swap(store, Some(&a), Some(&b)).await);
        assert!(!swap(store, Some(&a), Some(&c)).await);
        assert_eq!(stored(store).await, text(&b));
        assert!(swap(store, Some(&b), None).await);
        assert_eq!(stored(store).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_concurrent_swap_succeeds() {
    let (stores, _folder) = stores();
    for store in stores {
        assert!(swap(&store, None, Some(&pair("first"))).await);
        let swaps: Vec<_> = (0..20)
            .map(|number| {
                let store = Arc::clone(&store);
                let next = pair(&format!("next {number}"));
                tokio::spawn(async move {
                    matches!(
                        store
                            .compare_and_swap(Some(&pair("first")), Some(&next))
                            .await
                            .unwrap(),
                        CasResult::Swapped
                    )
                })
            })
            .collect();
        let mut done = 0;
        for swap in swaps {
            done += usize::from(swap.await.unwrap());
        }
        assert_eq!(done, 1);
    }
}

#[test]
fn tokens_survive_a_round_trip_through_text() {
    let tokens = pair("a");
    let read = Tokens::from_text(&tokens.to_text()).unwrap();
    assert!(read.is_same_pair(&tokens));
    assert_eq!(read.to_text().expose(), tokens.to_text().expose());
    assert_eq!(read.audience(), Audience::MiniApp);
    assert_eq!(
        read.expires_at()
            .duration_since(read.obtained_at())
            .unwrap()
            .as_secs(),
        900
    );
}

#[test]
fn invalid_text_is_rejected_and_not_quoted() {
    let good = pair("a").to_text();
    let texts = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        good.expose()[1..].to_owned(),
        good.expose()[..good.expose().len() - 1].to_owned(),
        good.expose().replace("\"version\":1", "\"version\":2"),
        good.expose().replace("miniapp", TOKEN),
        good.expose()
            .replace("\"obtained_at\":", "\"obtained_at\":-"),
        good.expose()
            .replace("\"expires_at\":", "\"expires_at\":99999"),
    ];
    for text in texts {
        let error = match Tokens::from_text(&Secret::new(text.as_str())) {
            Err(error) => error,
            // A date in the far future is valid.
            Ok(read) => {
                assert_eq!(read.to_text().expose(), text);
                continue;
            }
        };
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
    }
}

#[tokio::test]
async fn debug_of_tokens_stores_and_handles_contains_no_token() {
    let tokens = tokens("https://divan.example.com/", Audience::MiniApp);
    let (stores, _folder) = stores();
    let mut full_text = format!("{tokens:?} {:?}", CasResult::Conflict(Some(tokens.clone())));
    for store in stores {
        assert!(swap(&store, None, Some(&tokens)).await);
        let client =
            divan_client::Client::builder("https://divan.example.com/").miniapp_store(store);
        full_text = format!("{full_text} {client:?}");
        let client = client.build().unwrap();
        full_text = format!("{full_text} {client:?} {:?}", client.miniapp());
    }
    assert!(
        !full_text.contains(TOKEN) && !full_text.contains(REFRESH_TOKEN),
        "{full_text}"
    );
    assert!(full_text.contains("MiniApp"), "{full_text}");
}
