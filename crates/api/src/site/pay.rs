//! `/pay/{token}`: the page where a visit is paid. Until billing brings gateways, development pays here with play money,
//! at the press of a button; production says that it can't.

use app::visits::{self, ForPatient};
use axum::{
    extract::{Path, State},
    http::header,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::{Timestamp, days, visit::Status};
use uuid::Uuid;

use crate::{
    Api,
    errors::{ApiError, ApiResult, Code},
};

const PAGE: &str = include_str!("pay.html");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

async fn find(api: &Api, token: &str) -> ApiResult<ForPatient> {
    let token: Uuid = token.parse().map_err(|_| ApiError::new(Code::NotFound))?;
    visits::payable(&api.app, token).await?.ok_or_else(|| Code::NotFound.into())
}

pub(crate) async fn page(State(api): State<Api>, Path(token): Path<String>) -> ApiResult<Response> {
    let found = find(&api, &token).await?;
    let page = render(&found, api.app.clock.now(), api.app.payments.is_play_money());
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response())
}

/// The button of development's play money.
pub(crate) async fn press(State(api): State<Api>, Path(token): Path<String>) -> ApiResult<Response> {
    let found = find(&api, &token).await?;
    if !api.app.payments.is_play_money() {
        return Err(Code::NoPayments.into());
    }
    let visit = &found.visit;
    if visit.status_at(api.app.clock.now()) == Status::Pending {
        visits::settle(&api.app, visit.id, "play money", visit.price.patient_share).await?;
    }
    Ok(Redirect::to(&format!("/pay/{}/", visit.pay_token)).into_response())
}

fn render(found: &ForPatient, now: Timestamp, is_play_money: bool) -> String {
    let visit = &found.visit;
    let doctor = format!("دکتر {} {}", found.doctor_first_name, found.doctor_last_name);
    let state = match visit.status_at(now) {
        Status::Pending => {
            let until = visit.hold_until.map(days::spoken).unwrap_or_default();
            let until = format!("<p class=\"note\">مهلت پرداخت: {until}</p>");
            if is_play_money {
                format!("{until}<form method=\"post\"><button>پرداخت آزمایشی</button></form>")
            } else {
                format!("{until}<p class=\"note\">پرداخت در حال حاضر ممکن نیست؛ با مرکز تماس بگیرید.</p>")
            }
        }
        Status::Cancelled => {
            "<p class=\"note\">مهلت پرداخت این ویزیت پایان یافته یا ویزیت لغو شده است.</p>".to_owned()
        }
        _ => "<p class=\"note\">پرداخت انجام شد و ویزیت شما قطعی است.</p>".to_owned(),
    };
    let values = [
        ("{doctor}", escaped(&doctor)),
        ("{when}", days::spoken(visit.starts_at)),
        ("{reference}", escaped(&visit.reference)),
        ("{total}", grouped(visit.price.total.get())),
        ("{insurance}", grouped(visit.price.insurance_share.get())),
        ("{payable}", grouped(visit.price.patient_share.get())),
        ("{state}", state),
    ];
    values.into_iter().fold(PAGE.to_owned(), |page, (name, value)| page.replace(name, &value))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace(['{', '}'], "")
}

/// `320,000`
fn grouped(amount: i64) -> String {
    let digits = amount.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('٬');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_amounts_are_grouped() {
        assert_eq!(escaped("<b>\"{state}\"</b>"), "&lt;b&gt;&quot;state&quot;&lt;/b&gt;");
        assert_eq!(
            (grouped(0), grouped(320_000), grouped(1_234_567)),
            ("0".into(), "320٬000".into(), "1٬234٬567".into())
        );
    }
}
