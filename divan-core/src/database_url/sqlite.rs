use std::path::PathBuf;

use super::{InvalidDatabaseUrl, unknown};
use crate::percent;

/// Parses what follows `sqlite:`.
pub(super) fn parse(rest: &str) -> Result<PathBuf, InvalidDatabaseUrl> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if let Some((_, parameters)) = path.split_once('?') {
        return Err(unknown(
            parameters.split(['=', '&']).next().unwrap_or_default(),
        ));
    }
    let path = percent::decode(path)?;
    if path.is_empty() || path.starts_with(":memory:") || path.ends_with('/') || path.contains('\0')
    {
        return Err(InvalidDatabaseUrl::NoFile);
    }
    match path.strip_prefix('/') {
        None => relative(&path),
        Some(path) if path.starts_with('/') => Ok(absolute(path)),
        // SQLAlchemy's three slashes and a relative path.
        Some(path) if path.starts_with("./") || path.starts_with("../") => relative(path),
        Some(path) if path.starts_with('~') => Err(InvalidDatabaseUrl::HomeFolder),
        Some(path) if path.starts_with(":memory:") => Err(InvalidDatabaseUrl::NoFile),
        Some(path) if !path.contains('/') => Err(InvalidDatabaseUrl::RootFolder),
        Some(_) => Ok(PathBuf::from(path)),
    }
}

fn relative(path: &str) -> Result<PathBuf, InvalidDatabaseUrl> {
    if path.starts_with('~') {
        return Err(InvalidDatabaseUrl::HomeFolder);
    }
    Ok(PathBuf::from(path))
}

/// A path that starts with several slashes, with one.
fn absolute(path: &str) -> PathBuf {
    PathBuf::from(format!("/{}", path.trim_start_matches('/')))
}
