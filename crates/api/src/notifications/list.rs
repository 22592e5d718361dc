//! `GET notifications/`: what the caller was told, newest first. For everybody.

use app::{admin::Page, notifications};
use axum::{Json, extract::State, http::Uri};
use domain::Violation;
use serde::Serialize;
use utoipa::ToSchema;

use super::{NotificationItem, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Body, Caller, Fields, ValidQuery, text},
    pagination::{self, PageBody},
};

pub(crate) struct NotificationsQuery {
    unread: bool,
    page: Page,
}

const BOOLEANS: &[&str] = &["true", "false"];

impl Body for NotificationsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let rule = |word: &str| match word {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Violation::Choice(BOOLEANS)),
        };
        let unread = fields.optional("unread", text(rule));
        let page = pagination::read(fields);
        Some(Self { unread: unread?.unwrap_or(false), page: page? })
    }
}

/// One page of notifications.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationPage {
    /// All that match, not only this page's.
    #[schema(example = 15)]
    count: i64,
    /// The next page, if there is one.
    #[schema(example = "https://api.helssa.ir/v1/notifications/?page=2")]
    next: Option<String>,
    /// The page before, if there is one.
    previous: Option<String>,
    results: Vec<NotificationItem>,
    /// All that the caller has not read, whether they match or not.
    #[schema(example = 3)]
    unread_count: i64,
}

#[utoipa::path(
    get,
    path = "/api/v1/notifications/",
    tag = "notifications",
    operation_id = "list_notifications",
    summary = "List the caller's notifications",
    params(
        ("unread" = Option<bool>, Query, description = "`true`: only those that the caller has not read"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, newest first", body = NotificationPage)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_notifications(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    uri: Uri,
    ValidQuery(query): ValidQuery<NotificationsQuery>,
) -> ApiResult<Json<NotificationPage>> {
    let found = notifications::list(&api.app, caller.user, query.unread, query.page).await?;
    let PageBody { count, next, previous, results } =
        pagination::body(&api, &uri, query.page, found.page, body);
    Ok(Json(NotificationPage { count, next, previous, results, unread_count: found.unread }))
}
