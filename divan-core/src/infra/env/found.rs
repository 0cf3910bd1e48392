use super::{Env, Source};
use crate::secret::Secret;

/// What stands for a value that is not UTF-8. No variable of a process can hold it.
const NOT_UNICODE: &str = "\0";

/// A value and where it was found.
pub(in crate::infra) struct Found {
    pub(in crate::infra) value: Secret,
    /// The line of the file, where it is from the file.
    pub(in crate::infra) line: Option<usize>,
}

impl Found {
    pub(super) fn is_unicode(&self) -> bool {
        self.value.expose() != NOT_UNICODE
    }
}

impl Env<'_> {
    /// What is set under a name, be it nothing. The process hides the file.
    pub(in crate::infra) fn found(&self, name: &str) -> Option<Found> {
        let in_process = match &self.source {
            Source::Process => std::env::var_os(name).map(|value| {
                value
                    .into_string()
                    .unwrap_or_else(|_| NOT_UNICODE.to_owned())
            }),
            Source::Function(source, _) => source(name),
        };
        if let Some(value) = in_process {
            return Some(Found {
                value: Secret::new(value),
                line: None,
            });
        }
        let entry = self.file.get(name)?;
        Some(Found {
            value: entry.value.clone(),
            line: Some(entry.line),
        })
    }

    /// [`found`](Self::found), where it is something.
    pub(in crate::infra) fn value(&self, name: &str) -> Option<Found> {
        self.found(name)
            .filter(|found| !found.value.expose().is_empty())
    }

    /// The value that the file has, whatever the process says.
    pub(super) fn value_in_file(&self, name: &str) -> Option<&str> {
        self.file.get(name).map(|entry| entry.value.expose())
    }

    /// Where a value was found, for a person.
    pub(in crate::infra) fn place(&self, found: &Found) -> String {
        found
            .line
            .map_or_else(|| "environment".to_owned(), |line| self.file.place(line))
    }
}
