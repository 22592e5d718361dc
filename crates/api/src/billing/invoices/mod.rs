//! The caller's own invoices. For everybody who is logged in.

mod list;
mod pdf;
mod read;

use app::billing::invoices::Invoice;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{Api, errors::ApiResult, time::rfc3339};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_invoices))
        .routes(routes!(read::read_invoice))
        .routes(routes!(pdf::read_invoice_pdf))
}

/// What is billed.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the wire; the value itself is the domain's")]
pub(crate) enum InvoiceKind {
    Visit,
    Subscription,
    CreditNote,
}

/// One line. What lessens the bill is negative.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvoiceLine {
    #[schema(example = "ویزیت آنلاین با دکتر سارا احمدی، کد پیگیری HLS-AB12CD")]
    description: String,
    #[schema(example = 1)]
    quantity: i64,
    /// Whole Rials.
    #[schema(example = 800_000)]
    unit_price: i64,
    /// Whole Rials.
    #[schema(example = 800_000)]
    amount: i64,
}

/// An invoice, or a credit note. Amounts are whole Rials; `total` = `subtotal` − `discount` − `insurance_share`.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvoiceBody {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    /// From 1 in each Jalali year, without gaps.
    #[schema(example = "1405-000001")]
    number: String,
    #[schema(value_type = InvoiceKind, example = "visit")]
    kind: &'static str,
    #[schema(example = "2027-01-25T15:00:00Z", format = "date-time")]
    issued_at: String,
    lines: Vec<InvoiceLine>,
    #[schema(example = 800_000)]
    subtotal: i64,
    #[schema(example = 0)]
    discount: i64,
    /// What the insurer pays.
    #[schema(example = 480_000)]
    insurance_share: i64,
    /// What was paid; of a credit note, what went back.
    #[schema(example = 320_000)]
    total: i64,
    #[schema(example = "IRR")]
    currency: &'static str,
    /// `wallet`, or a gateway's name.
    #[schema(example = "wallet")]
    payment_method: String,
    /// By which the payment is found, if there is such a thing.
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6c")]
    payment_reference: Option<String>,
    /// The visit, or the purchase of a subscription.
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6d")]
    reference: Uuid,
    #[schema(
        example = "https://api.helssa.ir/v1/billing/invoices/018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b/pdf/",
        format = "uri"
    )]
    pdf_url: String,
    /// The id of the invoice that a credit note corrects.
    corrects: Option<Uuid>,
    /// And its number.
    corrects_number: Option<String>,
}

/// `place`: where the reader finds the PDF, such as `billing/invoices`.
pub(crate) fn body(api: &Api, place: &str, invoice: Invoice) -> InvoiceBody {
    let Invoice { number, corrected, content } = invoice;
    let lines = content.lines.into_iter().map(|line| InvoiceLine {
        description: line.description,
        quantity: line.quantity,
        unit_price: line.unit_price,
        amount: line.amount,
    });
    InvoiceBody {
        id: content.id,
        number: number.to_string(),
        kind: content.kind.as_str(),
        issued_at: rfc3339(content.issued_at),
        lines: lines.collect(),
        subtotal: content.sums.subtotal.get(),
        discount: content.sums.discount.get(),
        insurance_share: content.sums.insurance_share.get(),
        total: content.sums.total.get(),
        currency: "IRR",
        payment_method: content.method,
        payment_reference: content.payment_reference,
        reference: content.reference,
        pdf_url: format!("{}/{place}/{}/pdf/", api.settings.public_api_url, content.id),
        corrects: content.corrects,
        corrects_number: corrected.map(|number| number.to_string()),
    }
}

/// The invoice as a file that browsers show.
pub(crate) async fn file(invoice: &Invoice) -> ApiResult<Response> {
    let pdf = app::billing::invoices::pdf(invoice).await?;
    let name = format!("inline; filename=\"invoice-{}.pdf\"", invoice.number);
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        // it never changes, and is nobody else's
        (header::CACHE_CONTROL, "private".to_owned()),
    ];
    Ok((headers, pdf).into_response())
}
