use crate::secret::Secret;

/// A name and its value; `None` for a line that says nothing.
pub(super) type Statement<'t> = Result<Option<(&'t str, Secret)>, &'static str>;

/// Reads what stands at the beginning of a text, and tells how much of the text that is: whole
/// lines.
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
        return (end, Err("has no `=`"));
    };
    let name = name.trim_end();
    if !is_name(name) {
        return (
            end,
            Err("does not begin with a name of letters, digits and `_`"),
        );
    }
    let value = value.trim_start();
    match value.chars().next() {
        // Such a value may go on behind the line.
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
        Err("has a NUL character in it")
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

/// Reads the value whose opening quote is in front of `start`: it, and the end of the line that its
/// closing quote is on.
fn quoted(text: &str, start: usize, quote: char) -> Result<(usize, Secret), &'static str> {
    const UNCLOSED: &str = "has a quote that is not closed";
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
                    return Err(
                        "has an escape that is not known; between single quotes nothing is one",
                    );
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
        Err("goes on after the closing quote")
    }
}
