//! Programs of others that protect a route in the tests.

use std::fs;
use std::path::PathBuf;

use divan_testing::{Gateway, TEST_NODE_MODULES, TEST_PYTHON};

use crate::step::{metadata, root};
use crate::{debian, npm, venv};

/// Installs the programs, and returns the variables with their environments.
pub(crate) fn install(no_install: bool) -> Result<[(&'static str, String); 2], String> {
    for gateway in Gateway::OF_DEBIAN {
        let (package, how) = (gateway.package(), gateway.install_hint());
        debian::require(gateway.is_installed(), package, &how, no_install)?;
    }
    let source = root().join("xtask/third_party");
    let target = metadata()?["target_directory"].as_str().map(PathBuf::from);
    let folder = target
        .ok_or("cargo metadata has no target folder")?
        .join("third_party");
    let environment = folder.join("venv");
    let failed = |error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    venv::install(&environment, &source.join("requirements.txt"), no_install)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(source.join(file), folder.join(file)).map_err(failed)?;
    }
    npm::install(&folder, no_install)?;
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    Ok([
        (TEST_PYTHON, text(environment.join("bin/python"))),
        (TEST_NODE_MODULES, text(folder.join("node_modules"))),
    ])
}
