//! Kinds of devices, from the `User-Agent` of a client.

use sha2::{Digest, Sha256};

use crate::store::Account;

/// The maximum number of kinds of devices that are remembered for a user.
const MAX_SEEN: usize = 16;

/// Remembers the device of a sign-in with init data. Returns `true` if the user has signed in before, but
/// never on a device of this kind.
pub(in crate::service) fn is_new_device(account: &mut Account, user_agent: Option<&str>) -> bool {
    // A client without a name is a kind of its own: otherwise it would never be reported.
    let kind = kind(user_agent.unwrap_or_default());
    let seen = &mut account.seen_devices;
    let is_first = seen.is_empty();
    if seen.contains(&kind) {
        return false;
    }
    if seen.len() >= MAX_SEEN {
        seen.remove(0);
    }
    seen.push(kind);
    !is_first
}

/// Returns a digest of the words of a `User-Agent` without versions, which change with each update.
fn kind(user_agent: &str) -> [u8; 8] {
    let is_version = |word: &&str| {
        word.chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | '_'))
    };
    let words = user_agent
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ';' | ','))
        .map(|word| word.split(['/', ':']).next().unwrap_or_default())
        .filter(|word| !is_version(word));
    let words = words.collect::<Vec<_>>().join(" ");
    let digest = Sha256::digest(words);
    let mut kind = [0; 8];
    kind.copy_from_slice(&digest[..8]);
    kind
}

/// Returns the operating system of a `User-Agent`.
pub(super) fn system(user_agent: &str) -> Option<&'static str> {
    // `Android` and `iPhone` come first: their texts also contain the names of the others.
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Macintosh", "macOS"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let mut systems = systems.into_iter();
    let (_, system) = systems.find(|(word, _)| user_agent.contains(word))?;
    Some(system)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::password::PasswordHash;
    use crate::types::{Role, User, UserId};

    const ANDROID: &str = "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) \
        Version/4.0 Chrome/120.0.6099.230 Mobile Safari/537.36 Telegram-Android/11.2.3 (Samsung SM-S918B; \
        Android 14; SDK 34; HIGH)";
    const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 \
        (KHTML, like Gecko) Mobile/15E148";

    #[test]
    fn an_update_is_not_a_new_device() {
        let updated = ANDROID
            .replace("Android 14", "Android 15")
            .replace("120.0.6099.230", "121.0.1")
            .replace("11.2.3", "11.3")
            .replace("SDK 34", "SDK 35");
        assert_eq!(kind(ANDROID), kind(&updated));
        assert_eq!(kind(IPHONE), kind(&IPHONE.replace("17_5_1", "18_0")));
        assert_eq!(kind(IPHONE), kind(&IPHONE.replace("15E148", "16A1")));
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        assert_eq!(kind(firefox), kind(&firefox.replace("128.0", "129.0")));
    }

    #[test]
    fn another_model_or_browser_is_a_new_device() {
        let other_model = ANDROID.replace("SM-S918B", "SM-A155F");
        let chrome = ANDROID.replace("Telegram-Android/11.2.3", "");
        let kinds = [ANDROID, IPHONE, &other_model, &chrome].map(kind);
        for (n, kind) in kinds.iter().enumerate() {
            assert!(!kinds[..n].contains(kind), "{n}");
        }
    }

    #[test]
    fn a_client_without_a_name_is_a_device_too() {
        let id = UserId(uuid::Uuid::nil());
        let user = User::new(id, Role::Employee, "First", OffsetDateTime::UNIX_EPOCH);
        let mut account = Account::new(user, PasswordHash::from_stored("hash"));
        assert!(!is_new_device(&mut account, Some(ANDROID)), "the first");
        assert!(is_new_device(&mut account, None));
        assert!(!is_new_device(&mut account, None));
    }

    #[test]
    fn the_system_of_a_device_is_found() {
        let systems = [
            (ANDROID, Some("Android")),
            (IPHONE, Some("iPhone")),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", Some("Windows")),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)",
                Some("macOS"),
            ),
            ("Mozilla/5.0 (X11; Linux x86_64)", Some("Linux")),
            ("curl/8.5.0", None),
        ];
        for (user_agent, expected) in systems {
            assert_eq!(system(user_agent), expected, "{user_agent}");
        }
    }
}
