//! Empty library: it compiles the code of the README and the guide. The examples are in the parent
//! folder.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/src/embed/client.md")]
struct Client;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/src/embed/resource-server.md")]
struct ResourceServer;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/src/concepts/second-factor.md")]
struct SecondFactor;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/src/operations/webhooks.md")]
struct Webhooks;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// Returns the Markdown files below a folder.
    fn pages(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .flat_map(|path| {
                if path.is_dir() {
                    pages(&path)
                } else {
                    vec![path]
                }
            })
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
            .collect()
    }

    /// Returns the Rust blocks of a page: the words after the fence, and the code.
    fn rust_blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
        let blocks = page.split("```rust").skip(1);
        blocks.filter_map(|rest| rest.split("```").next()?.split_once('\n'))
    }

    #[test]
    fn all_rust_code_of_the_guide_is_compiled() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src");
        let mut blocks = 0;
        for path in pages(&root) {
            let page = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let is_doctest = include_str!("lib.rs").contains(&format!("guide/src/{name}\")]"));
            for (words, code) in rust_blocks(&page) {
                blocks += 1;
                let is_ignored = words.contains("ignore");
                let is_included = code.trim().starts_with("{{#include ../../../../examples/")
                    && code.trim().lines().count() == 1;
                assert!(is_included || is_doctest && !is_ignored, "{name}: {code}");
            }
        }
        assert!(blocks > 3, "{blocks}");
    }
}
