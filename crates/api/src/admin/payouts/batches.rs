//! `POST admin/payouts/batches/`: puts what is approved into a batch for the bank. `GET admin/payouts/batches/`: all of
//! them. For admins. Making one honours `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    admin::Page,
    billing::payouts::{self, Batch, Export, Exported},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, Idempotency, Origin, ValidQuery, answer},
    pagination::{self, PageBody},
    time::rfc3339,
};

/// What went to the bank in one file.
#[derive(Serialize, ToSchema)]
pub(crate) struct PayoutBatch {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    /// 1, 2, 3 …
    #[schema(example = 7)]
    number: i64,
    #[schema(example = "2024-01-20T10:00:00Z", format = "date-time")]
    created_at: String,
    /// The admin.
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6c")]
    created_by: Uuid,
    /// How many payouts.
    #[schema(example = 12)]
    payouts: i64,
    /// Whole Rials.
    #[schema(example = 64_800_000)]
    total_amount: i64,
    #[schema(example = "IRR")]
    currency: &'static str,
    /// The file for the bank.
    #[schema(
        example = "https://api.helssa.ir/v1/admin/payouts/batches/018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b/file/"
    )]
    file_url: String,
}

/// A new batch.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewPayoutBatch {
    #[serde(flatten)]
    batch: PayoutBatch,
    /// Approved payouts that found no place in it: make another.
    #[schema(example = 0)]
    left: i64,
}

fn body(api: &Api, batch: &Batch) -> PayoutBatch {
    let api_url = &api.settings.public_api_url;
    PayoutBatch {
        id: batch.id,
        number: batch.number,
        created_at: rfc3339(batch.created_at),
        created_by: batch.created_by.0,
        payouts: batch.payouts,
        total_amount: batch.total.get(),
        currency: "IRR",
        file_url: format!("{api_url}/admin/payouts/batches/{}/file/", batch.id),
    }
}

#[utoipa::path(
    post,
    path = "/api/v1/admin/payouts/batches/",
    tag = "admin",
    operation_id = "create_payout_batch",
    summary = "Make a batch of what is approved",
    description = "At most 500 payouts, the oldest first. Their money leaves the doctors' accounts with it. 409 CONFLICT \
when nothing is approved.",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key is answered as the first time, with Idempotent-Replay: true", max_length = 255)),
    responses((status = 201, description = "The new batch", body = NewPayoutBatch)),
    security(("bearer" = [])),
)]
pub(crate) async fn create_payout_batch(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    idempotency: Idempotency,
) -> ApiResult<Response> {
    let rendering = api.clone();
    let input = Export {
        admin: caller.user,
        by: By::caller(&caller, &origin),
        once: idempotency.once(&caller, "create_payout_batch", b""),
        render: Arc::new(move |Exported { batch, left }| {
            serde_json::json!(NewPayoutBatch { batch: body(&rendering, &batch), left })
        }),
    };
    let answered = payouts::export(&api.app, input).await?;
    Ok(answer(answered, |batch| (StatusCode::CREATED, Json(batch)).into_response()))
}

pub(crate) struct BatchesQuery(Page);

impl Body for BatchesQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self(pagination::read(fields)?))
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/admin/payouts/batches/",
    tag = "admin",
    operation_id = "list_payout_batches",
    summary = "List the batches",
    params(
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, newest first", body = PageBody<PayoutBatch>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_payout_batches(
    State(api): State<Api>,
    Caller { .. }: Caller<Admin>,
    uri: Uri,
    ValidQuery(BatchesQuery(page)): ValidQuery<BatchesQuery>,
) -> ApiResult<Json<PageBody<PayoutBatch>>> {
    let found = payouts::batches(&api.app, page).await?;
    Ok(Json(pagination::body(&api, &uri, page, found, |batch| body(&api, &batch))))
}
