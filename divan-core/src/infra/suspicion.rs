//! Values that are hardly what somebody meant.

/// What people write where a secret is to be put in. Of whatever is made up of these alone, nothing
/// is a secret.
#[rustfmt::skip]
const FILLERS: [&str; 73] = [
    "a", "access", "and", "api", "app", "at", "auth", "backend", "bot", "bytes", "change", "changed",
    "characters", "chars", "db", "default", "dev", "development", "env", "example", "for", "generate",
    "generated", "here", "in", "insert", "is", "it", "jwt", "key", "least", "local", "long", "me", "min",
    "my", "new", "not", "of", "passwd", "password", "passwort", "phrase", "placeholder", "please", "prod",
    "production", "put", "random", "replace", "safe", "secret", "secure", "server", "service", "session",
    "signing", "some", "staging", "string", "strong", "super", "test", "the", "this", "to", "token", "use",
    "value", "very", "with", "you", "your",
];

/// What stands in no secret that was drawn, and in many that somebody was meant to replace, in one
/// word or two.
const REQUESTS: [(&str, &str); 5] = [
    ("change", "it"),
    ("change", "me"),
    ("change", "this"),
    ("replace", "me"),
    ("replace", "this"),
];

/// What servers are installed with.
const FACTORY_SETTINGS: [&str; 8] = [
    "admin",
    "guest",
    "minio",
    "minio123",
    "minioadmin",
    "postgres",
    "rabbitmq",
    "root",
];

/// Whether a secret is one that somebody was meant to replace: made of words like `change` and
/// `this`, in angle brackets, all `x`, a variable of a template, or the example of the
/// documentation.
pub(super) fn is_placeholder(secret: &str, example: &str) -> bool {
    let text = secret.trim();
    let is_bracketed = text.starts_with('<') && text.ends_with('>');
    let is_template = text
        .split_once("{{")
        .is_some_and(|(_, rest)| rest.contains("}}"));
    let is_blank = !text.is_empty() && text.chars().all(|c| "xX*.…-_#?".contains(c));
    text == example
        || is_bracketed
        || is_template
        || has_windows_variable(text)
        || is_blank
        || is_filler(text)
}

/// Whether `%NAME%` stands in a text.
fn has_windows_variable(text: &str) -> bool {
    let is_name =
        |part: &&str| part.len() > 3 && part.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let parts: Vec<&str> = text.split('%').collect();
    // What stands before the first and behind the last is not between two.
    parts.len() > 2 && parts[1..parts.len() - 1].iter().any(is_name)
}

/// Whether a password is one that a server is installed with.
pub(super) fn is_factory_setting(password: &str) -> bool {
    FACTORY_SETTINGS.contains(&password)
}

/// Whether a text is nothing but fillers, whatever stands between them, and perhaps a short number;
/// or asks to be replaced.
fn is_filler(text: &str) -> bool {
    const MAX_DIGITS: usize = 4;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let words = text
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    let is_request = |first: &str, second: &str| {
        words
            .iter()
            .any(|word| word.strip_prefix(first) == Some(second))
            || words.windows(2).any(|pair| pair == [first, second])
    };
    let is_made_of_fillers =
        || digits <= MAX_DIGITS && words.iter().all(|word| is_made_of_fillers(word));
    !words.is_empty()
        && text.is_ascii()
        && (REQUESTS
            .iter()
            .any(|(first, second)| is_request(first, second))
            || is_made_of_fillers())
}

fn is_made_of_fillers(word: &str) -> bool {
    // `reachable[n]`: the first n bytes are fillers.
    let mut reachable = vec![false; word.len() + 1];
    reachable[0] = true;
    for start in 0..word.len() {
        if reachable[start] {
            for filler in FILLERS
                .iter()
                .filter(|filler| word[start..].starts_with(**filler))
            {
                reachable[start + filler.len()] = true;
            }
        }
    }
    reachable[word.len()]
}

/// Whether a value stands between two quotes of one kind.
pub(super) fn is_quoted(text: &str) -> bool {
    let inner = |quote: char| {
        text.strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    };
    inner('\'').or_else(|| inner('"')).is_some()
}

/// What the dollar signs in a value tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dollars {
    /// Nothing.
    Plain,
    /// `${NAME}` was to be replaced, and was not.
    Unfilled,
    /// `$(command)` was to be run, and was not.
    NotRun,
    /// `$$`, as a compose file would have it.
    Doubled,
}

impl Dollars {
    pub(super) fn in_text(text: &str) -> Self {
        let unfilled = text.split("${").skip(1).any(|rest| {
            let name = rest.trim_start_matches(is_name);
            name.len() < rest.len()
                && name.starts_with(['}', ':', '-', '?', '+'])
                && name.contains('}')
        });
        match unfilled {
            true => Self::Unfilled,
            false if is_command(text) => Self::NotRun,
            false if text.contains("$$") => Self::Doubled,
            false => Self::Plain,
        }
    }
}

/// Whether a text is a command with an argument at least, as a shell would run it:
/// `$(openssl rand -hex 32)`.
fn is_command(text: &str) -> bool {
    let within = |open: &str, close: &str| text.trim().strip_prefix(open)?.strip_suffix(close);
    let is_run = |command: &str| {
        command.starts_with(|c: char| c.is_ascii_lowercase()) && command.contains(' ')
    };
    within("$(", ")")
        .or_else(|| within("`", "`"))
        .is_some_and(is_run)
}

/// What a compose file leaves of a text, where it takes something: each `$NAME` and `${…}` is an
/// unset variable to it.
pub(super) fn eaten(text: &str) -> Option<String> {
    let mut left = String::with_capacity(text.len());
    let mut took = false;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        left.push_str(before);
        let begins_name = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        rest = match after
            .strip_prefix('{')
            .and_then(|braced| braced.split_once('}'))
        {
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
