/// A language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Russian,
    Kazakh,
}

impl Language {
    /// All languages.
    #[cfg(test)]
    pub(super) const ALL: [Self; 3] = [Self::English, Self::Russian, Self::Kazakh];

    /// Returns the language of an IETF language tag; English for others and without a tag.
    pub(super) fn of(tag: Option<&str>) -> Self {
        let primary = tag.and_then(|tag| tag.split('-').next());
        match primary.unwrap_or_default().to_ascii_lowercase().as_str() {
            "ru" => Self::Russian,
            "kk" => Self::Kazakh,
            _ => Self::English,
        }
    }
}
