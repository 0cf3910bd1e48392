//! Files generated from the definitions.

use divan_core::infra;

use super::SECTIONS;

/// Text before the tables.
const INTRODUCTION: &str = include_str!("introduction.md");

/// Returns the text of `docs/guide/src/reference/configuration.md`.
pub fn configuration_markdown() -> String {
    INTRODUCTION.to_owned() + &infra::markdown(&SECTIONS)
}

/// Returns the text of `.env.example`.
pub fn env_example() -> String {
    infra::env_example(&SECTIONS)
}
