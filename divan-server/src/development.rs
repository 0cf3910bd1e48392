//! Development mode: the secrets and the database of a server without configuration.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use divan_core::entropy::{Entropy, OsEntropy};
use divan_core::infra::{DATABASE_URL, Env, TELEGRAM_BOT_TOKEN};
use divan_core::private_file::{PrivateFile, PrivateFileError};
use divan_core::secret::Secret;

use crate::error_chain::error_chain;

/// The folder, below the current one.
const FOLDER: &str = "divan-data";

const SECRET_KEY_FILE: &str = "secret-key";
const BOT_TOKEN_FILE: &str = "bot-token";

/// The id of a bot that does not exist.
const BOT_ID: &str = "1000000000";

const MAX_SECRET_BYTES: u64 = 4096;

/// How long another server that starts in the same folder may hold its lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// The folder of development mode, with a database, a generated secret key and a generated bot
/// token.
#[derive(Debug)]
pub struct Development {
    folder: PathBuf,
    secret_key: Secret,
    bot_token: Secret,
    is_exposed: bool,
}

#[derive(Debug, thiserror::Error)]
enum DevelopmentError {
    #[error(transparent)]
    File(#[from] PrivateFileError),
    #[error("{0} is empty: remove the file, so that it is generated again")]
    Empty(String),
    #[error("cannot generate a secret: {0}")]
    Generate(#[from] io::Error),
}

impl Development {
    /// Creates the folder and the secrets that do not exist yet.
    pub(crate) fn prepare(env: &mut Env<'_>) -> Option<Self> {
        Self::in_folder(env, |file, generate| {
            if read(file)?.is_some() {
                return Ok(());
            }
            // Two servers that start at the same time use the same secrets.
            let _lock = file.lock(LOCK_TIMEOUT)?;
            if read(file)?.is_none() {
                file.replace(&generate()?)?;
            }
            Ok(())
        })
    }

    /// Reads the secrets of a server that was started in this folder. Records an error if there are none.
    pub(crate) fn existing(env: &mut Env<'_>) -> Option<Self> {
        let file = Path::new(FOLDER).join(BOT_TOKEN_FILE);
        if !file.exists() {
            let folder = std::env::current_dir().unwrap_or_default();
            env.error(
                &TELEGRAM_BOT_TOKEN,
                format!(
                    "is not set, and there is no {}: run the command in the folder in which the server was started",
                    folder.join(file).display()
                ),
            );
            return None;
        }
        Self::inspect(env)
    }

    /// Reads what exists and creates nothing: a missing secret has a generated value.
    pub(crate) fn inspect(env: &mut Env<'_>) -> Option<Self> {
        Self::in_folder(env, |_, _| Ok(()))
    }

    fn in_folder(
        env: &mut Env<'_>,
        create: impl Fn(&PrivateFile, Generate) -> Result<(), DevelopmentError>,
    ) -> Option<Self> {
        let secret = |name: &str, generate: Generate| {
            let file = PrivateFile::new(Path::new(FOLDER).join(name));
            create(&file, generate)?;
            match read(&file)? {
                Some(secret) => Ok(secret),
                None => Ok::<_, DevelopmentError>(generate()?),
            }
        };
        let secrets = secret(SECRET_KEY_FILE, secret_key)
            .and_then(|secret_key| Ok((secret_key, secret(BOT_TOKEN_FILE, bot_token)?)));
        match secrets {
            Ok((secret_key, bot_token)) => Some(Self {
                folder: FOLDER.into(),
                secret_key,
                bot_token,
                is_exposed: false,
            }),
            Err(error) => {
                let error = error_chain(&error);
                env.error(
                    &DATABASE_URL,
                    format!("is not set, and development mode cannot start: {error}"),
                );
                None
            }
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.folder.join("divan.db")
    }

    /// The file with the generated secret key.
    pub(crate) fn secret_key_file(&self) -> PathBuf {
        self.folder.join(SECRET_KEY_FILE)
    }

    /// The file with the generated bot token.
    pub(crate) fn bot_token_file(&self) -> PathBuf {
        self.folder.join(BOT_TOKEN_FILE)
    }

    /// Lets the server answer to any host name. Default: only to names of this machine and to the
    /// configured hosts.
    pub fn expose(&mut self) {
        self.is_exposed = true;
    }

    pub(crate) fn is_exposed(&self) -> bool {
        self.is_exposed
    }

    pub(crate) fn secret_key(&self) -> Secret {
        self.secret_key.clone()
    }

    pub(crate) fn bot_token(&self) -> Secret {
        self.bot_token.clone()
    }
}

type Generate = fn() -> io::Result<Secret>;

fn secret_key() -> io::Result<Secret> {
    random_hex(32).map(Secret::new)
}

fn bot_token() -> io::Result<Secret> {
    Ok(Secret::new(format!("{BOT_ID}:dev_{}", random_hex(16)?)))
}

fn read(file: &PrivateFile) -> Result<Option<Secret>, DevelopmentError> {
    let Some(text) = file.read(MAX_SECRET_BYTES)? else {
        return Ok(None);
    };
    match text.expose().trim_end() {
        "" => Err(DevelopmentError::Empty(file.path().display().to_string())),
        text => Ok(Some(Secret::new(text))),
    }
}

fn random_hex(bytes: usize) -> io::Result<String> {
    let mut random = vec![0; bytes];
    OsEntropy.fill(&mut random).map_err(io::Error::other)?;
    Ok(hex::encode(random))
}
