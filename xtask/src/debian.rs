//! Installation of missing programs on Debian.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::step::{Outcome, say};

/// Installs the package of a missing program where that is possible.
pub(crate) fn require(is_installed: bool, package: &str, how: &str, no_install: bool) -> Outcome {
    if is_installed {
        return Ok(());
    }
    if no_install || !may_install() {
        return Err(how.to_owned());
    }
    install(package).map_err(|error| format!("{error}; {how}"))
}

/// Returns `true` for root on Debian.
fn may_install() -> bool {
    let id = Command::new("id").arg("-u").output();
    let is_root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    is_root && Path::new("/etc/debian_version").exists()
}

fn install(package: &str) -> Outcome {
    let _quiet = NoServices::begin();
    say(&format!("apt-get install {package}"));
    for arguments in [
        vec!["update", "-qq"],
        vec!["install", "-y", "-qq", "--no-install-recommends", package],
    ] {
        let status = Command::new("apt-get")
            .args(&arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .status();
        if !status.is_ok_and(|status| status.success()) {
            return Err(format!("`apt-get {}` failed", arguments.join(" ")));
        }
    }
    Ok(())
}

/// Keeps Debian from starting the services that it installs: tests start servers of their own.
struct NoServices(bool);

impl NoServices {
    /// Script that decides if a service may start
    /// ([invoke-rc.d](https://manpages.debian.org/bookworm/init-system-helpers/invoke-rc.d.8.en.html)).
    const POLICY: &str = "/usr/sbin/policy-rc.d";

    fn begin() -> Self {
        const FORBIDDEN: &str = "#!/bin/sh\nexit 101\n";
        let is_ours =
            !Path::new(Self::POLICY).exists() && std::fs::write(Self::POLICY, FORBIDDEN).is_ok();
        if is_ours {
            let _ = std::fs::set_permissions(Self::POLICY, Permissions::from_mode(0o755));
        }
        Self(is_ours)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.0 {
            let _ = std::fs::remove_file(Self::POLICY);
        }
    }
}
