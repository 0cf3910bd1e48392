use std::fs;

use crate::release_check::CRATES;
use crate::step::{Outcome, metadata, root, say};

const DOCUMENT: &str = "docs/public-dependencies.md";

/// Checks that the document lists each dependency of the publishable crates as public or private.
pub(crate) fn run() -> Outcome {
    say(DOCUMENT);
    let document = fs::read_to_string(root().join(DOCUMENT)).map_err(|error| error.to_string())?;
    for package in metadata()?["packages"].as_array().into_iter().flatten() {
        if !CRATES.iter().any(|name| package["name"] == *name) {
            continue;
        }
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let names = dependencies
            .filter(|dependency| dependency["kind"] != "dev")
            .filter_map(|dependency| dependency["name"].as_str());
        if let Some(name) = names
            .into_iter()
            .find(|name| !document.contains(&format!("`{name}`")))
        {
            return Err(format!(
                "{DOCUMENT} does not list `{name}`, a dependency of {}",
                package["name"]
            ));
        }
    }
    Ok(())
}
