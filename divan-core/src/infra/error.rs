use std::fmt;

/// One configuration error, on one line. Never contains a value, because values may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {reason}{}", example_suffix(.example))]
#[non_exhaustive]
pub struct ConfigError {
    /// The variable, or the file and line.
    pub variable: String,
    /// The rule that is broken; continues the name of the variable.
    pub reason: String,
    /// A valid line: `NAME=value`. Empty for a variable that must be removed.
    pub example: String,
}

fn example_suffix(example: &str) -> String {
    if example.is_empty() {
        return String::new();
    }
    format!(" (example: {example})")
}

/// All configuration errors. `Display` writes one line per error.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigErrors(pub Vec<ConfigError>);

/// A setting that is valid but probably not intended. Never contains a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigWarning {
    /// The variable, or the file.
    pub variable: String,
    /// The observation; continues the name of the variable.
    pub reason: String,
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.reason)
    }
}
