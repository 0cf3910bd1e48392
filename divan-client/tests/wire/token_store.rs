//! What every store of tokens has to do.

use std::sync::Arc;

use divan_client::api::Audience;
use divan_client::{FileStore, MemoryStore, Secret, Swapped, TokenStore, Tokens};

use crate::support::{REFRESH_TOKEN, TOKEN, tokens, tokens_with};

pub(crate) fn pair(name: &str) -> Tokens {
    tokens_with("https://divan.example.com/", Audience::MiniApp, name)
}

/// Each kind of store, empty; the folder is that of the file.
fn stores() -> ([Arc<dyn TokenStore>; 2], tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = FileStore::new(folder.path().join("some/where/tokens"));
    ([Arc::new(MemoryStore::new()), Arc::new(file)], folder)
}

async fn held(store: &dyn TokenStore) -> Option<String> {
    store
        .load()
        .await
        .unwrap()
        .map(|tokens| tokens.to_text().expose().to_owned())
}

/// Whether it was done; otherwise what is told to be there has to be what is there.
async fn swap(store: &dyn TokenStore, expected: Option<&Tokens>, next: Option<&Tokens>) -> bool {
    match store.swap(expected, next).await.unwrap() {
        Swapped::Done => true,
        Swapped::Changed(now) => {
            let now = now.map(|tokens| tokens.to_text().expose().to_owned());
            assert_eq!(now, held(store).await);
            false
        }
    }
}

#[tokio::test]
async fn a_pair_takes_the_place_of_the_one_that_it_follows_and_of_no_other() {
    let (a, b, c) = (pair("a"), pair("b"), pair("c"));
    let text = |tokens: &Tokens| Some(tokens.to_text().expose().to_owned());
    let (stores, _folder) = stores();
    for store in &stores {
        assert_eq!(held(store).await, None);
        assert!(!swap(store, Some(&a), Some(&b)).await);
        assert!(!swap(store, Some(&a), None).await);
        assert!(swap(store, None, None).await);

        assert!(swap(store, None, Some(&a)).await);
        assert_eq!(held(store).await, text(&a));
        assert!(!swap(store, None, Some(&b)).await);
        assert!(!swap(store, Some(&b), Some(&c)).await);
        assert!(!swap(store, Some(&b), None).await);
        assert_eq!(held(store).await, text(&a));

        assert!(swap(store, Some(&a), Some(&b)).await);
        assert!(!swap(store, Some(&a), Some(&c)).await);
        assert_eq!(held(store).await, text(&b));
        assert!(swap(store, Some(&b), None).await);
        assert_eq!(held(store).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_is_first() {
    let (stores, _folder) = stores();
    for store in stores {
        assert!(swap(&store, None, Some(&pair("first"))).await);
        let swaps: Vec<_> = (0..20)
            .map(|number| {
                let store = Arc::clone(&store);
                let next = pair(&format!("next {number}"));
                tokio::spawn(async move {
                    matches!(
                        store.swap(Some(&pair("first")), Some(&next)).await.unwrap(),
                        Swapped::Done
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
fn a_pair_is_the_same_after_it_was_a_text() {
    let pair = pair("a");
    let read = Tokens::from_text(&pair.to_text()).unwrap();
    assert!(read.is_same_pair(&pair));
    assert_eq!(read.to_text().expose(), pair.to_text().expose());
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
fn what_is_no_pair_is_refused_and_not_shown() {
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
            // A far future is one all the same.
            Ok(read) => {
                assert_eq!(read.to_text().expose(), text);
                continue;
            }
        };
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
    }
}

#[tokio::test]
async fn neither_tokens_nor_stores_nor_handles_show_a_token() {
    let tokens = tokens("https://divan.example.com/", Audience::MiniApp);
    let (stores, _folder) = stores();
    let mut shown = format!("{tokens:?} {:?}", Swapped::Changed(Some(tokens.clone())));
    for store in stores {
        assert!(swap(&store, None, Some(&tokens)).await);
        let client =
            divan_client::Client::builder("https://divan.example.com/").miniapp_store(store);
        shown = format!("{shown} {client:?}");
        let client = client.build().unwrap();
        shown = format!("{shown} {client:?} {:?}", client.miniapp());
    }
    assert!(
        !shown.contains(TOKEN) && !shown.contains(REFRESH_TOKEN),
        "{shown}"
    );
    assert!(shown.contains("MiniApp"), "{shown}");
}
