//! Fuzz targets. Signed data of Telegram is compared with the reference of its tests, as received and
//! with a valid signature added, so that the code after the signature check is fuzzed too. The other
//! targets compare with a simple implementation next to them, or check what must hold for any input.
#![forbid(unsafe_code)]

#[expect(dead_code, reason = "the server uses the rest")]
#[path = "../../divan-server/src/extract/client_address.rs"]
mod client_address;
#[path = "../../divan-core/tests/comparison/mod.rs"]
mod comparison;
mod cursors;
mod database_urls;
mod forwarded;
#[path = "../../divan-core/tests/reference/mod.rs"]
mod reference;
mod signed;
mod tokens;
mod user_lists;
#[expect(dead_code, unused_imports, reason = "the server uses the rest")]
#[path = "../../divan-server/src/users_csv/mod.rs"]
mod users_csv;

pub use cursors::cursors;
pub use database_urls::database_urls;
pub use forwarded::forwarded;
pub use signed::{contact, init_data, login_widget, signature};
pub use tokens::{access_tokens, device_tokens, refresh_tokens};
pub use user_lists::user_lists;
