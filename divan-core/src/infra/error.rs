use std::fmt;

/// One configuration error, on one line. Never contains a value, because values may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The variable, or the file and line.
    pub variable: String,
    /// The rule that is broken; continues the name of the variable.
    pub reason: String,
    /// A valid line: `NAME=value`.
    pub example: String,
}

/// All configuration errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

/// A setting that is valid but probably not intended. Never contains a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigWarning {
    /// The variable.
    pub variable: String,
    /// The observation; continues the name of the variable.
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
    /// Writes one line per error.
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
