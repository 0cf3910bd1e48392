//! Maps results of the sign-in service to types of the wire contract.

use divan_core::api::{self, SessionInfo, SessionList, TokenResponse, UserPage};
use divan_core::service::{CreatedUser, IssuedTokens, Page, SessionView};
use divan_core::types::User;

pub(crate) fn tokens(tokens: IssuedTokens) -> TokenResponse {
    TokenResponse::new(
        tokens.access_token,
        tokens.expires_in.as_secs(),
        tokens.refresh_token,
        tokens.user,
    )
}

pub(crate) fn created_user(created: CreatedUser) -> api::CreatedUser {
    api::CreatedUser::new(created.user, created.generated_password)
}

pub(crate) fn user_page(page: Page<User>) -> UserPage {
    UserPage::new(page.items, page.next_cursor.map(String::from))
}

pub(crate) fn session_list(sessions: Vec<SessionView>) -> SessionList {
    SessionList::new(sessions.into_iter().map(session).collect())
}

pub(crate) fn session(session: SessionView) -> SessionInfo {
    let mut info = SessionInfo::new(
        session.id,
        session.audience,
        session.created_at,
        session.refreshed_at,
        session.expires_at,
    );
    info.is_current = session.is_current;
    (info.device, info.address) = (session.device, session.address);
    info
}
