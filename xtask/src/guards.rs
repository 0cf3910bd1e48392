//! Checks that light crates have no heavy dependencies.

use std::collections::BTreeSet;

use crate::step::{Outcome, cargo_output, say};

/// Maximum number of crates for init-data verification, `divan-core` included.
const MAX_CORE_CRATES: usize = 28;

/// Parts of crate names that the client must not depend on.
const NOT_IN_CLIENT: [&str; 8] = [
    "sqlx", "argon2", "aws", "qdrant", "axum", "sqlite", "redis", "lapin",
];

/// Parts of crate names that the server's router, which the client's mock server uses, must not
/// depend on: they belong to the features `cli`, `docs`, `sqlite` and `postgres`.
const NOT_IN_ROUTER: [&str; 6] = [
    "sqlx",
    "sqlite",
    "clap",
    "indicatif",
    "rpassword",
    "swagger-ui",
];

/// Parts of crate names that the server without its command line must not depend on.
const NOT_WITHOUT_CLI: [&str; 3] = ["clap", "indicatif", "rpassword"];

/// Parts of crate names that init-data verification must not depend on.
const NOT_IN_CORE: [&str; 5] = ["tokio", "sqlx", "argon2", "axum", "jsonwebtoken"];

/// Parts of crate names that the PostgreSQL store must not depend on; only the configuration reader
/// needs them.
const NOT_IN_POSTGRES: [&str; 1] = ["strsim"];

/// Parts of crate names that no crate may depend on: they need more than a C compiler to build, or
/// link system libraries.
const NOWHERE: [&str; 5] = ["aws-lc", "openssl-sys", "native-tls", "cmake", "protoc-"];

pub(crate) fn run() -> Outcome {
    say("light dependencies");
    let core = crates("divan-core -e normal")?;
    if core.len() > MAX_CORE_CRATES {
        return Err(format!(
            "divan-core has {} crates, expected at most {MAX_CORE_CRATES}: {core:?}",
            core.len()
        ));
    }
    refuse("divan-core -e normal", &NOT_IN_CORE)?;
    refuse(
        "divan-core -e normal --no-default-features --features postgres",
        &NOT_IN_POSTGRES,
    )?;
    refuse("divan-client -e normal", &NOT_IN_CLIENT)?;
    refuse("divan-client -e normal --features protect", &NOT_IN_CLIENT)?;
    refuse(
        "divan-server -e normal --no-default-features",
        &NOT_IN_ROUTER,
    )?;
    refuse(
        "divan-client -e normal --features test-util",
        &NOT_IN_ROUTER,
    )?;
    refuse(
        "divan-server -e normal --no-default-features --features docs,postgres,sqlite",
        &NOT_WITHOUT_CLI,
    )?;
    for package in ["divan-core", "divan-client", "divan-server"] {
        refuse(
            &format!("{package} -e normal,build --all-features"),
            &NOWHERE,
        )?;
    }
    Ok(())
}

/// Returns the names of all crates in a dependency tree.
fn crates(package: &str) -> Result<BTreeSet<String>, String> {
    let tree = cargo_output(&format!("tree --prefix none --no-dedupe -p {package}"))?;
    Ok(tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

/// Fails if the name of a crate in a dependency tree contains one of these parts.
fn refuse(package: &str, parts: &[&str]) -> Outcome {
    let crates = crates(package)?;
    match crates
        .iter()
        .find(|name| parts.iter().any(|part| name.contains(part)))
    {
        Some(name) => Err(format!(
            "must not depend on {name}: see `cargo tree -p {package} -i {name}`"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use crate::book::read;
    use crate::step::files;

    #[test]
    fn dependencies_come_from_one_registry_with_checksums() {
        let lock = read(Path::new("Cargo.lock")).unwrap();
        let packages = lock.split("\n[[package]]\n").skip(1);
        let dependencies = packages.filter(|package| package.contains("\nsource = "));
        let mut sources = BTreeSet::new();
        for package in dependencies {
            let mut lines = package.lines();
            let source = lines.find(|line| line.starts_with("source = ")).unwrap();
            assert!(source.starts_with("source = \"registry+"), "{package}");
            assert!(
                lines.any(|line| line.starts_with("checksum = ")),
                "{package}"
            );
            sources.insert(source);
        }
        assert_eq!(sources.len(), 1, "{sources:?}");
    }

    #[test]
    fn no_crate_may_contain_unsafe_code() {
        let workspace = read(Path::new("Cargo.toml")).unwrap();
        assert!(workspace.contains("\nunsafe_code = \"forbid\"\n"));
        for manifest in files("*/Cargo.toml").unwrap() {
            let text = read(&manifest).unwrap();
            let library = manifest.with_file_name("src/lib.rs");
            let inherits = text.contains("[lints]\nworkspace = true");
            let forbids =
                || read(&library).is_ok_and(|code| code.contains("#![forbid(unsafe_code)]"));
            assert!(inherits || forbids(), "{}", manifest.display());
        }
    }
}
