//! The files that are written from the definitions.

use divan_core::infra;

use super::SECTIONS;

/// What stands in front of the tables.
const INTRODUCTION: &str = include_str!("introduction.md");

/// The text of `docs/configuration.md`.
pub fn configuration_markdown() -> String {
    INTRODUCTION.to_owned() + &infra::markdown(&SECTIONS)
}

/// The text of `.env.example`.
pub fn env_example() -> String {
    infra::env_example(&SECTIONS)
}
