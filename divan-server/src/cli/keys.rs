use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use divan_core::entropy::OsEntropy;
use divan_core::private_file::PrivateFile;
use divan_core::secret::Secret;
use divan_core::token::{InvalidKey, SigningAlgorithm, SigningKey, VerifyingKey};

use super::Outcome;
use super::output::{explain, json, line};

/// Maximum size of a key file.
const MAX_BYTES: u64 = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Generate a key that signs access tokens (PKCS#8 in PEM), and print its id
    ///
    /// With --out, the id is printed to standard output. Without it, the key is printed to standard
    /// output and the id to standard error.
    Generate(GenerateArgs),
    /// Print the public key as a JWK
    Show(ShowArgs),
}

#[derive(Args, Debug)]
pub(super) struct GenerateArgs {
    /// Algorithm of the signatures
    #[arg(long, value_enum, default_value_t)]
    algorithm: Algorithm,
    /// File to write, which must not exist yet; created with mode 0600 [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Algorithm {
    /// EdDSA with Ed25519: fast, but many programs do not verify it
    #[default]
    Eddsa,
    /// ECDSA with P-256, which every common JWT library verifies
    Es256,
}

impl From<Algorithm> for SigningAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Eddsa => Self::EdDsa,
            Algorithm::Es256 => Self::Es256,
        }
    }
}

#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// A private or public key in PEM
    file: PathBuf,
    /// Print the public key in PEM instead
    #[arg(long)]
    pem: bool,
}

#[derive(Debug, thiserror::Error)]
enum KeysError {
    #[error("cannot read {0}")]
    Read(String, #[source] io::Error),
    #[error("{0} is not a usable key file: {1}")]
    Invalid(String, InvalidKey),
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Generate(args) => generate(args)?,
        Command::Show(args) => show(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn generate(args: &GenerateArgs) -> Result<(), Box<dyn std::error::Error>> {
    let key = SigningKey::generate(args.algorithm.into(), &OsEntropy)?;
    let kid = key.verifying_key().kid();
    if let Some(path) = &args.out {
        let mut file = PrivateFile::create(path)?;
        file.write_all(key.to_pem().expose().as_bytes())?;
        file.publish()?;
        line(kid);
    } else {
        line(key.to_pem().expose().trim_end());
        explain(&format!("kid {kid}"));
    }
    Ok(())
}

/// Reads at most [`MAX_BYTES`] of a file.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn show(args: &ShowArgs) -> Result<(), Box<dyn std::error::Error>> {
    let name = || args.file.display().to_string();
    let pem = read(&args.file).map_err(|error| KeysError::Read(name(), error))?;
    let key = VerifyingKey::from_pem(Secret::new(pem).expose())
        .map_err(|invalid| KeysError::Invalid(name(), invalid))?;
    if args.pem {
        line(key.to_pem().trim_end());
    } else {
        json(&key.to_jwk())?;
    }
    Ok(())
}
