//! What a fresh machine lacks, where it may be brought.

use std::path::Path;
use std::process::Command;

use crate::step::{Outcome, say};

/// Whether this is root on Debian.
pub(crate) fn may_install() -> bool {
    let id = Command::new("id").arg("-u").output();
    let is_root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    is_root && Path::new("/etc/debian_version").exists()
}

pub(crate) fn install(package: &str) -> Outcome {
    say(&format!("apt-get install {package}"));
    for arguments in [vec!["update", "-qq"], vec!["install", "-y", "-qq", "--no-install-recommends", package]]
    {
        let status =
            Command::new("apt-get").args(&arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
        if !status.is_ok_and(|status| status.success()) {
            return Err(format!("`apt-get {}` failed", arguments.join(" ")));
        }
    }
    Ok(())
}
