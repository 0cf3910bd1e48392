use std::path::PathBuf;

use super::env::Env;

const EXAMPLE: &str = "sqlite:///var/lib/divan/divan.db";

/// The file that `DATABASE_URL` names; `None` where it is unset or wrong.
pub(super) fn read(env: &mut Env<'_>) -> Option<PathBuf> {
    let url = env.secret("DATABASE_URL", EXAMPLE)?;
    let path = url.expose().strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    match path {
        Some("") => env.wrong("DATABASE_URL", "names no file", EXAMPLE),
        Some(path) if path.contains(['?', '#']) => {
            env.wrong("DATABASE_URL", "has parameters, and a SQLite address takes none", EXAMPLE);
        }
        Some(path) => return Some(PathBuf::from(path)),
        None => env.wrong(
            "DATABASE_URL",
            "is not a `sqlite:` address, the only kind that this version opens",
            EXAMPLE,
        ),
    }
    None
}
