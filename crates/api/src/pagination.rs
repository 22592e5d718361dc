//! Lists (D8): `count`, `next`, `previous`, `results`.

use app::admin::{Page, Paged};
use axum::http::Uri;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api,
    extract::{Fields, digits},
};

/// Results on a page unless it says otherwise.
const DEFAULT_SIZE: i64 = 20;
const MAX_SIZE: i64 = 100;
/// Past any list's end.
const MAX_NUMBER: i64 = 1_000_000_000;

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct PageBody<T> {
    /// All results, not only this page's.
    #[schema(example = 15)]
    pub(crate) count: i64,
    /// The next page, if there is one.
    #[schema(example = "https://api.helssa.ir/v1/admin/doctors/?page=2")]
    pub(crate) next: Option<String>,
    /// The page before, if there is one.
    pub(crate) previous: Option<String>,
    pub(crate) results: Vec<T>,
}

/// `page` (from 1) and `page_size` (1 to 100).
pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Page> {
    let number = fields.optional("page", digits(1, MAX_NUMBER));
    let size = fields.optional("page_size", digits(1, MAX_SIZE));
    Some(Page { number: number?.unwrap_or(1), size: size?.unwrap_or(DEFAULT_SIZE) })
}

/// The page as it is answered; links keep the other parameters.
pub(crate) fn body<T, U>(
    api: &Api,
    uri: &Uri,
    page: Page,
    paged: Paged<T>,
    item: impl Fn(T) -> U,
) -> PageBody<U> {
    let link = |number: i64| {
        let path = uri.path().strip_prefix("/api/v1").unwrap_or(uri.path());
        let others = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("page=") && *pair != "page");
        let mut query: Vec<String> = others.map(str::to_owned).collect();
        query.push(format!("page={number}"));
        format!("{}{path}?{}", api.settings.public_api_url, query.join("&"))
    };
    let has_next = page.number.saturating_mul(page.size) < paged.count;
    let last = paged.count.div_euclid(page.size) + i64::from(paged.count.rem_euclid(page.size) > 0);
    PageBody {
        count: paged.count,
        next: has_next.then(|| link(page.number + 1)),
        // from a page past the end, back to the last one
        previous: (page.number > 1).then(|| link((page.number - 1).min(last.max(1)))),
        results: paged.items.into_iter().map(item).collect(),
    }
}
