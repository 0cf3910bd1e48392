//! The development default: what a server that is told nothing works with.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use divan_core::entropy::{Entropy, OsEntropy};
use divan_core::infra::{DATABASE_URL, Env};
use divan_core::secret::Secret;

/// The folder, below the current one.
const FOLDER: &str = "divan-data";

/// The bot that nobody at Telegram knows.
const BOT_ID: &str = "1000000000";

/// The development default: a folder with a database, and with a secret key and a bot token that
/// were made up when it was.
#[derive(Debug)]
pub struct Development {
    folder: PathBuf,
    secret_key: Secret,
    bot_token: Secret,
}

impl Development {
    /// Makes the folder and what is missing in it.
    pub(crate) fn prepare(env: &mut Env<'_>) -> Option<Self> {
        let folder = Path::new(FOLDER);
        told(
            env,
            create_folder(folder).and_then(|()| Self::in_folder(folder, kept)),
        )
    }

    /// Looks at what is there and makes nothing: what is missing has a stand-in.
    pub(crate) fn look(env: &mut Env<'_>) -> Option<Self> {
        let secret = |path: &Path, make: Maker| match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make().map(Secret::new),
            _ => read(path),
        };
        told(env, Self::in_folder(Path::new(FOLDER), secret))
    }

    fn in_folder(
        folder: &Path,
        secret: impl Fn(&Path, Maker) -> io::Result<Secret>,
    ) -> io::Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            secret_key: secret(&folder.join("secret-key"), || hex(32))?,
            bot_token: secret(&folder.join("bot-token"), || {
                Ok(format!("{BOT_ID}:dev_{}", hex(16)?))
            })?,
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.folder.join("divan.db")
    }

    pub(crate) fn secret_key(&self) -> Secret {
        self.secret_key.clone()
    }

    pub(crate) fn bot_token(&self) -> Secret {
        self.bot_token.clone()
    }
}

/// What makes a secret up.
type Maker = fn() -> io::Result<String>;

fn told(env: &mut Env<'_>, outcome: io::Result<Development>) -> Option<Development> {
    let wrong = |error| {
        let reason =
            format!("is not set, and the development default cannot be made in {FOLDER}: {error}");
        env.wrong(&DATABASE_URL, reason);
    };
    outcome.map_err(wrong).ok()
}

/// What the file holds, or what is made for it now.
fn kept(path: &Path, make: Maker) -> io::Result<Secret> {
    if !path.exists() {
        // Written aside and linked: a crash leaves no half of a key, and of two that start at once
        // one wins.
        let folder = path.parent().unwrap_or(Path::new("."));
        let aside = folder.join(format!(".{}", hex(8)?));
        let mut file = open_private(&aside)?;
        file.write_all(Secret::new(make()?).expose().as_bytes())?;
        file.sync_all()?;
        let linked = fs::hard_link(&aside, path);
        fs::remove_file(&aside)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    read(path)
}

fn read(path: &Path) -> io::Result<Secret> {
    refuse_open(path)?;
    let text = Secret::new(fs::read_to_string(path)?.trim_end());
    if text.expose().is_empty() {
        return Err(io::Error::other(format!(
            "{} is empty: remove it",
            path.display()
        )));
    }
    Ok(text)
}

/// A secret that others may read or write is none.
#[cfg(unix)]
fn refuse_open(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(io::Error::other(format!(
            "{} is open to others: chmod 600 it, or remove it",
            path.display()
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_open(_: &Path) -> io::Result<()> {
    Ok(())
}

fn hex(bytes: usize) -> io::Result<String> {
    let mut random = vec![0; bytes];
    OsEntropy.fill(&mut random).map_err(io::Error::other)?;
    let mut text = String::with_capacity(bytes * 2);
    for byte in random {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens a file for writing that its owner alone may read, and creates it where it is missing.
fn open_private(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
