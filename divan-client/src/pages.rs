use futures_util::stream::{Stream, TryStreamExt, iter, try_unfold};

use crate::{AdminPanel, Error};

/// Asks for page after page; `next` gives the items of one, sets the request to the one after, and
/// tells whether there is one.
pub(crate) fn every<R, T>(
    admin: AdminPanel,
    request: R,
    next: impl AsyncFn(&AdminPanel, &mut R) -> Result<(Vec<T>, bool), Error>,
) -> impl Stream<Item = Result<T, Error>> {
    let pages = try_unfold(
        (Some(request), admin, next),
        async |(request, admin, next)| {
            let Some(mut request) = request else {
                return Ok(None);
            };
            let (items, has_more) = next(&admin, &mut request).await?;
            let items = iter(items.into_iter().map(Ok));
            Ok::<_, Error>(Some((items, (has_more.then_some(request), admin, next))))
        },
    );
    pages.try_flatten()
}
