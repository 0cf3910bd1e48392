use futures_util::stream::{Stream, TryStreamExt, iter, try_unfold};

use crate::error::Error;
use crate::handle::AdminPanel;

/// Streams the items of all pages. `next_page` fetches one page, sets the request to the next, and
/// returns the items and whether there is a next page.
pub(crate) fn paginate<R, T>(
    admin: AdminPanel,
    request: R,
    next_page: impl AsyncFn(&AdminPanel, &mut R) -> Result<(Vec<T>, bool), Error>,
) -> impl Stream<Item = Result<T, Error>> {
    let pages = try_unfold(
        (Some(request), admin, next_page),
        async |(request, admin, next_page)| {
            let Some(mut request) = request else {
                return Ok(None);
            };
            let (items, has_more) = next_page(&admin, &mut request).await?;
            let items = iter(items.into_iter().map(Ok));
            let state = (has_more.then_some(request), admin, next_page);
            Ok::<_, Error>(Some((items, state)))
        },
    );
    pages.try_flatten()
}
