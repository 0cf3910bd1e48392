/// A fault of the database or of the network to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Restart,
    StoppedPrimary,
    KilledPrimary,
    LostPrimary,
    MovedAddress,
    MovedName,
    NetworkCut,
    ConnectionLimit,
    FullDisk,
    RotatedPassword,
    PgBouncerSession,
    PgBouncerTransaction,
}

#[cfg_attr(
    not(feature = "system-tests"),
    expect(dead_code, reason = "only `cargo xtask faults` causes all of them")
)]
impl Fault {
    pub(crate) const ALL: [Self; 12] = [
        Self::Restart,
        Self::StoppedPrimary,
        Self::KilledPrimary,
        Self::LostPrimary,
        Self::MovedAddress,
        Self::MovedName,
        Self::NetworkCut,
        Self::ConnectionLimit,
        Self::FullDisk,
        Self::RotatedPassword,
        Self::PgBouncerSession,
        Self::PgBouncerTransaction,
    ];

    /// The row of the guide.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Restart => "The server restarts",
            Self::StoppedPrimary => "The primary stops, its standby is promoted (two hosts)",
            Self::KilledPrimary => {
                "The primary is killed, its synchronous standby is promoted (two hosts)"
            }
            Self::LostPrimary => {
                "The network to the primary is lost silently, its standby is promoted (two hosts)"
            }
            Self::MovedAddress => {
                "The primary becomes read-only, its address moves to the promoted standby (one host)"
            }
            Self::MovedName => {
                "The primary becomes read-only, its name moves to the promoted standby (one host)"
            }
            Self::NetworkCut => {
                "The network is lost silently for 3 s, then works for new connections"
            }
            Self::ConnectionLimit => "The role has reached its connection limit",
            Self::FullDisk => "The disk is full, then has space again",
            Self::RotatedPassword => "The password changes, then `DATABASE_URL_FILE`",
            Self::PgBouncerSession => "The server behind PgBouncer restarts, `pool_mode = session`",
            Self::PgBouncerTransaction => {
                "The server behind PgBouncer restarts, `pool_mode = transaction`"
            }
        }
    }

    /// The fault needs a standby.
    pub(crate) fn has_standby(self) -> bool {
        matches!(
            self,
            Self::StoppedPrimary
                | Self::KilledPrimary
                | Self::LostPrimary
                | Self::MovedAddress
                | Self::MovedName
        )
    }
}
