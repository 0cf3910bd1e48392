/// The reason for which a registration or an assertion is not accepted. For the log only: the client
/// learns no more than that it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PasskeyError {
    /// The response of the browser cannot be read.
    #[error("the response of the authenticator is malformed")]
    Malformed,
    /// A registration was sent instead of an assertion, or the reverse.
    #[error("the response is of another type")]
    Type,
    /// The challenge is not one of this service, was issued for something else, or has expired.
    #[error("the challenge is unknown, was issued for something else, or has expired")]
    Challenge,
    /// The response was made on a page of another origin.
    #[error("the response was made for another origin")]
    Origin,
    /// The response was made in a frame of a page of another origin.
    #[error("the response was made in a page of another origin")]
    CrossOrigin,
    /// The passkey belongs to another host.
    #[error("the passkey belongs to another host")]
    RelyingParty,
    /// No user was present.
    #[error("the authenticator did not test the presence of a user")]
    UserNotPresent,
    /// The authenticator did not verify the user.
    #[error("the authenticator did not verify the user")]
    UserNotVerified,
    /// The flags about backups contradict each other, or those of the registration.
    #[error("the flags about backups are inconsistent")]
    BackupFlags,
    /// The public key is not valid, or of an algorithm that was not offered.
    #[error("the public key is not valid, or its algorithm was not offered")]
    PublicKey,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Signature,
    /// The user handle names another user.
    #[error("the passkey belongs to another user")]
    User,
    /// The signature counter did not increase: the passkey may have been copied.
    #[error("the signature counter did not increase: the passkey may have been copied")]
    Counter,
}

/// Error for an address of the admin panel for which browsers have no passkeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("passkeys need an https address with a host name, or localhost")]
pub struct InvalidOrigin;
