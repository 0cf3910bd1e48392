//! Traces of interpolation by compose files and shells.

/// The interpolation syntax that a value contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interpolation {
    None,
    /// `${NAME}`, which nothing replaced.
    Variable,
    /// `$(command argument)`, which nothing ran.
    Command,
    /// `$$`, the escape of compose files.
    Escaped,
}

impl Interpolation {
    pub(super) fn of(text: &str) -> Self {
        if text.split("${").skip(1).any(is_braced_name) {
            Self::Variable
        } else if is_command(text) {
            Self::Command
        } else if text.contains("$$") {
            Self::Escaped
        } else {
            Self::None
        }
    }
}

/// Detects text that continues `${` as `NAME}` or `NAME:-default}`.
fn is_braced_name(rest: &str) -> bool {
    let after = rest.trim_start_matches(is_name);
    after.len() < rest.len() && after.starts_with(['}', ':', '-', '?', '+']) && after.contains('}')
}

/// Detects a command with an argument: `$(openssl rand -hex 32)`.
fn is_command(text: &str) -> bool {
    let within = |open: &str, close: &str| text.trim().strip_prefix(open)?.strip_suffix(close);
    within("$(", ")")
        .or_else(|| within("`", "`"))
        .is_some_and(|command| {
            command.starts_with(|c: char| c.is_ascii_lowercase()) && command.contains(' ')
        })
}

/// The text after interpolation by a compose file in which no variable is set. `None` if it contains
/// no variable.
pub(super) fn interpolated(text: &str) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut is_changed = false;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let braced = after
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'));
        let starts_name = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        is_changed |= braced.is_some() || starts_name;
        rest = if let Some((_, behind)) = braced {
            behind
        } else if starts_name {
            after.trim_start_matches(is_name)
        } else {
            result.push('$');
            after.strip_prefix('$').unwrap_or(after)
        };
    }
    result.push_str(rest);
    is_changed.then_some(result)
}

/// Detects a value between two quotes of one kind.
pub(super) fn is_quoted(text: &str) -> bool {
    ['\'', '"'].iter().any(|&quote| {
        text.strip_prefix(quote)
            .is_some_and(|rest| rest.ends_with(quote))
    })
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolation_syntax_is_detected() {
        for (text, expected) in [
            ("${NAME}", Interpolation::Variable),
            ("a${NAME:-b}c", Interpolation::Variable),
            ("a$$b", Interpolation::Escaped),
            ("a$b", Interpolation::None),
            ("${", Interpolation::None),
            ("${}", Interpolation::None),
            ("a${b", Interpolation::None),
            ("a${b!}", Interpolation::None),
            ("$(openssl rand -hex 16)", Interpolation::Command),
            ("`openssl rand -hex 16`", Interpolation::Command),
            ("a$(b)c", Interpolation::None),
            ("a`b`c", Interpolation::None),
            ("x7`q w`Z9", Interpolation::None),
            ("a$(b c)", Interpolation::None),
        ] {
            assert_eq!(Interpolation::of(text), expected, "{text}");
        }
    }

    #[test]
    fn interpolation_by_a_compose_file_is_computed() {
        for (text, expected) in [
            ("pa$word", Some("pa")),
            ("pa$word!x", Some("pa!x")),
            ("a${b}c", Some("ac")),
            ("$a$b", Some("")),
            ("a$$b$c", Some("a$b")),
            ("a$1", None),
            ("a$", None),
            ("a$$b", None),
            ("plain", None),
        ] {
            assert_eq!(interpolated(text).as_deref(), expected, "{text}");
        }
    }
}
