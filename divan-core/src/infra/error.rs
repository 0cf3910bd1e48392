use std::fmt;

/// One thing that is wrong with the configuration, on one line. Never holds a value, since values
/// may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The variable, or the line of a file that cannot be read.
    pub variable: String,
    /// What is wrong with it, as the rest of a sentence.
    pub reason: String,
    /// A line that would be right: `NAME=value`.
    pub example: String,
}

/// All that is wrong with the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

/// One thing about the configuration that is probably not meant, but can be lived with. Never holds
/// a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigWarning {
    /// The variable.
    pub variable: String,
    /// What is odd about it, as the rest of a sentence.
    pub reason: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} (example: {})",
            self.variable, self.reason, self.example
        )
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigErrors {
    /// One line for each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.reason)
    }
}
