//! Values that are hardly what somebody meant.

/// What people write where a secret is to be put in. Of whatever is made up of these alone, nothing is a secret.
const FILLERS: [&str; 31] = [
    "access",
    "api",
    "bot",
    "change",
    "changed",
    "changeit",
    "changeme",
    "changethis",
    "default",
    "example",
    "here",
    "insert",
    "it",
    "jwt",
    "key",
    "me",
    "my",
    "passwd",
    "password",
    "passwort",
    "placeholder",
    "please",
    "put",
    "replace",
    "secret",
    "super",
    "this",
    "token",
    "value",
    "with",
    "your",
];

/// What servers are installed with.
const FACTORY_SETTINGS: [&str; 8] =
    ["admin", "guest", "minio", "minio123", "minioadmin", "postgres", "rabbitmq", "root"];

/// Whether a secret is one that somebody was meant to replace: made of words like `change` and `this`, in angle brackets,
/// all `x`, or the example of the documentation.
pub(super) fn is_placeholder(secret: &str, example: &str) -> bool {
    let text = secret.trim();
    let is_bracketed = |open, close| text.starts_with(open) && text.ends_with(close);
    let is_blank = !text.is_empty() && text.chars().all(|c| "xX*.…-_#?".contains(c));
    text == example || is_bracketed("<", ">") || is_bracketed("{{", "}}") || is_blank || is_filler(text)
}

/// Whether a password is one that a server is installed with.
pub(super) fn is_factory_setting(password: &str) -> bool {
    FACTORY_SETTINGS.contains(&password)
}

/// Whether a text is nothing but fillers, whatever stands between them, and perhaps a short number at the end.
fn is_filler(text: &str) -> bool {
    const MAX_NUMBER: usize = 4;
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let words = letters.trim_end_matches(|c: char| c.is_ascii_digit());
    !words.is_empty()
        && letters.len() - words.len() <= MAX_NUMBER
        && text.is_ascii()
        && is_made_of_fillers(words)
}

fn is_made_of_fillers(words: &str) -> bool {
    // `reachable[n]`: the first n bytes are fillers.
    let mut reachable = vec![false; words.len() + 1];
    reachable[0] = true;
    for start in 0..words.len() {
        if reachable[start] {
            for filler in FILLERS.iter().filter(|filler| words[start..].starts_with(**filler)) {
                reachable[start + filler.len()] = true;
            }
        }
    }
    reachable[words.len()]
}

/// Whether a value stands between two quotes of one kind.
pub(super) fn is_quoted(text: &str) -> bool {
    let inner = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('\'').or_else(|| inner('"')).is_some()
}

/// What the dollar signs in a value tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dollars {
    /// Nothing.
    Plain,
    /// `${NAME}` was to be replaced, and was not.
    Unfilled,
    /// `$$`, as a compose file would have it.
    Doubled,
}

impl Dollars {
    pub(super) fn in_text(text: &str) -> Self {
        let unfilled = text.split("${").skip(1).any(|rest| {
            let name = rest.trim_start_matches(is_name);
            name.len() < rest.len() && name.starts_with(['}', ':', '-', '?', '+']) && name.contains('}')
        });
        match unfilled {
            true => Self::Unfilled,
            false if text.contains("$$") => Self::Doubled,
            false => Self::Plain,
        }
    }
}

/// What a compose file leaves of a text, where it takes something: each `$NAME` and `${…}` is an unset variable to it.
pub(super) fn eaten(text: &str) -> Option<String> {
    let mut left = String::with_capacity(text.len());
    let mut took = false;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        left.push_str(before);
        let begins_name = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        rest = match after.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
            Some((_, behind)) => {
                took = true;
                behind
            }
            None if begins_name => {
                took = true;
                after.trim_start_matches(is_name)
            }
            None => {
                left.push('$');
                after.strip_prefix('$').unwrap_or(after)
            }
        };
    }
    left.push_str(rest);
    took.then_some(left)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests;
