use crate::secret::Secret;

/// A name and its value, or `None` for a blank line or a comment.
pub(super) type Statement<'t> = Result<Option<(&'t str, Secret)>, &'static str>;

/// Parses the statement at the start of a text. Also returns its length, in whole lines.
pub(super) fn statement(text: &str) -> (usize, Statement<'_>) {
    let end = text.find('\n').map_or(text.len(), |end| end + 1);
    let line = text[..end].trim();
    if line.is_empty() || line.starts_with('#') {
        return (end, Ok(None));
    }
    let line = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => line,
    };
    let Some((name, value)) = line.split_once('=') else {
        return (end, Err("must contain `=`"));
    };
    let name = name.trim_end();
    if !is_name(name) {
        return (
            end,
            Err("must start with a name of letters, digits and `_`"),
        );
    }
    let value = value.trim_start();
    match value.chars().next() {
        // A quoted value may span lines.
        Some(quote @ ('"' | '\'')) => {
            let start = text.find(quote).map_or(end, |at| at + 1);
            quoted(text, start, quote).map_or_else(
                |reason| (end, Err(reason)),
                |(end, value)| (end, checked(name, value)),
            )
        }
        _ => (end, checked(name, Secret::new(without_comment(value)))),
    }
}

fn checked(name: &str, value: Secret) -> Statement<'_> {
    if value.expose().contains('\0') {
        Err("must not contain a NUL character")
    } else {
        Ok(Some((name, value)))
    }
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

fn without_comment(value: &str) -> &str {
    if value.starts_with('#') {
        return "";
    }
    let comment = value
        .match_indices('#')
        .find(|&(at, _)| value[..at].ends_with([' ', '\t']));
    comment.map_or(value, |(at, _)| &value[..at]).trim_end()
}

/// Parses the quoted value that starts at `start`. Also returns the end of the line of its closing
/// quote.
fn quoted(text: &str, start: usize, quote: char) -> Result<(usize, Secret), &'static str> {
    const UNCLOSED: &str = "contains a quote that is not closed";
    let mut value = String::new();
    let mut chars = text[start..].char_indices();
    let close = loop {
        match chars.next().ok_or(UNCLOSED)? {
            (at, c) if c == quote => break start + at,
            (_, '\\') if quote == '"' => value.push(match chars.next().ok_or(UNCLOSED)?.1 {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                same @ ('\\' | '"' | '$') => same,
                _ => {
                    return Err("contains an unknown escape (single quotes permit no escapes)");
                }
            }),
            (_, c) => value.push(c),
        }
    };
    let end = text[close..]
        .find('\n')
        .map_or(text.len(), |end| close + end + 1);
    let after = text[close + 1..end].trim_start();
    if after.is_empty() || after.starts_with('#') {
        Ok((end, Secret::new(value)))
    } else {
        Err("contains text after the closing quote")
    }
}
