//! Detection of secrets that an operator was expected to replace.

/// Words of placeholders. A secret of these words alone, and a short number, is a placeholder.
#[rustfmt::skip]
const WORDS: [&str; 60] = [
    "a", "access", "admin", "and", "api", "app", "at", "auth", "backend", "bot", "bytes", "changed", "characters",
    "chars", "db", "default", "dev", "development", "env", "example", "for", "generate", "generated", "here", "in",
    "insert", "is", "it", "jwt", "key", "least", "local", "long", "me", "min", "my", "new", "of", "passwd",
    "password", "placeholder", "please", "prod", "production", "put", "random", "secret", "server", "service",
    "string", "strong", "super", "test", "the", "this", "to", "token", "value", "with", "your",
];

/// Phrases that only a placeholder contains, without separators.
const PHRASES: [&str; 7] = [
    "changeit",
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "yoursecret",
    "supersecret",
];

/// Passwords that servers are installed with.
const FACTORY_PASSWORDS: [&str; 8] = [
    "admin",
    "guest",
    "minio",
    "minio123",
    "minioadmin",
    "postgres",
    "rabbitmq",
    "root",
];

/// Detects a placeholder in a secret: known words or phrases, angle brackets, a template, filler
/// characters such as `xxx`, or the example of the documentation.
pub(super) fn is_placeholder(secret: &str, example: &str) -> bool {
    let text = secret.trim();
    let is_bracketed = text.starts_with('<') && text.ends_with('>');
    let is_template = text
        .split_once("{{")
        .is_some_and(|(_, rest)| rest.contains("}}"));
    let is_filler = !text.is_empty() && text.chars().all(|c| "xX*.…-_#?".contains(c));
    text == example
        || is_bracketed
        || is_template
        || is_filler
        || has_windows_variable(text)
        || has_placeholder_words(text)
}

/// Detects a factory password of a server.
pub(super) fn is_factory_password(password: &str) -> bool {
    FACTORY_PASSWORDS.contains(&password)
}

/// Detects `%NAME%` in a text.
fn has_windows_variable(text: &str) -> bool {
    let is_name =
        |part: &&str| part.len() > 3 && part.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let parts: Vec<&str> = text.split('%').collect();
    // The text before the first `%` and after the last one is not between two of them.
    parts.len() > 2 && parts[1..parts.len() - 1].iter().any(is_name)
}

fn has_placeholder_words(text: &str) -> bool {
    const MAX_DIGITS: usize = 4;
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() || !text.is_ascii() {
        return false;
    }
    let is_phrase = |text: &str| {
        PHRASES
            .iter()
            .any(|phrase| text.replace(phrase, "").is_empty())
    };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    words.iter().any(|word| is_phrase(word))
        || words.windows(2).any(|pair| is_phrase(&pair.concat()))
        || digits <= MAX_DIGITS && words.iter().all(|word| WORDS.contains(word))
}

#[cfg(test)]
mod tests;
