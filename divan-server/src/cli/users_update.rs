//! The command that changes a user.

use clap::Args;
use divan_core::service::UpdateUserCommand;
use divan_core::types::Metadata;

use super::Outcome;
use super::operator::as_operator;
use super::users::{UserRef, find, show_user};

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line"
)]
#[derive(Args, Debug)]
pub(super) struct Update {
    #[command(flatten)]
    user: UserRef,
    /// The full name
    #[arg(long)]
    name: Option<String>,
    /// The phone number
    #[arg(long, conflicts_with = "no_phone")]
    phone: Option<String>,
    /// Remove the phone number; not for an active employee
    #[arg(long)]
    no_phone: bool,
    /// The e-mail address
    #[arg(long, conflicts_with = "no_email")]
    email: Option<String>,
    /// Remove the e-mail address; not for an active administrator
    #[arg(long)]
    no_email: bool,
    /// The user's id in another system
    #[arg(long, conflicts_with = "no_external_id")]
    external_id: Option<String>,
    /// Remove the user's id in another system
    #[arg(long)]
    no_external_id: bool,
    /// Attributes for the application, which replace the stored ones: a JSON object
    #[arg(long, conflicts_with = "no_metadata")]
    metadata: Option<Metadata>,
    /// Remove the attributes for the application
    #[arg(long)]
    no_metadata: bool,
    /// Let a deactivated user sign in again
    #[arg(long)]
    activate: bool,
}

pub(super) fn run(args: Update) -> Outcome {
    let user = args.user.clone();
    let command = command(args);
    as_operator(async |admin| {
        let id = find(admin, &user).await?.id;
        show_user(&admin.update_user(id, &command).await?, user.output)
    })
}

fn command(args: Update) -> UpdateUserCommand {
    let mut command = UpdateUserCommand::default();
    command.full_name = args.name;
    command.phone = change(args.phone, args.no_phone);
    command.email = change(args.email, args.no_email);
    command.external_id = change(args.external_id, args.no_external_id);
    command.metadata = change(args.metadata.map(Into::into), args.no_metadata);
    command.is_active = args.activate.then_some(true);
    command
}

/// Returns the change of a field that can be set or removed.
#[expect(clippy::option_option, reason = "keep, remove, or set")]
fn change<T>(value: Option<T>, is_removed: bool) -> Option<Option<T>> {
    match value {
        Some(value) => Some(Some(value)),
        None => is_removed.then_some(None),
    }
}
