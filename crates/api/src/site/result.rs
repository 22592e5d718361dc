//! `/pay/result/`: where a browser comes back to from a gateway, unless its app has a page of its own for that. What
//! the address says about success is not believed: the charge itself is looked at.

use app::billing::charges::{self, ChargeStatus, Outcome, Purpose};
use axum::{
    extract::{Query, State},
    http::Uri,
    response::Response,
};
use uuid::Uuid;

use super::html::{self, grouped, note};
use crate::{
    Api,
    errors::{ApiResult, Code},
};

const PAGE: &str = include_str!("result.html");
const UNNAMED: &str = include_str!("result_unnamed.html");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; \
base-uri 'none'";

/// `transaction_id`, as the callback adds it to every address that it sends browsers to.
pub(super) fn charge_id(uri: &Uri) -> Option<Uuid> {
    let Query(params) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    // the last: an address of an app's own may have had one before
    let (_, id) = params.into_iter().rev().find(|(name, _)| name == "transaction_id")?;
    id.parse().ok()
}

pub(crate) async fn page(State(api): State<Api>, uri: Uri) -> ApiResult<Response> {
    let Some(id) = charge_id(&uri) else {
        // who comes back from a gateway that has dropped which payment it was
        let came_back = uri.query().is_some_and(|query| query.starts_with("status="));
        return if came_back { Ok(unnamed()) } else { Err(Code::NotFound.into()) };
    };
    let found = charges::outcome(&api.app, id).await?.ok_or(Code::NotFound)?;
    Ok(render(&found))
}

const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Wallet => "شارژ کیف پول",
        Purpose::Visit(_) => "پرداخت ویزیت",
        Purpose::Subscription(_) => "خرید اشتراک",
    }
}

/// Title, and what is told below it.
fn told(found: &Outcome) -> (&'static str, String) {
    match found.status {
        ChargeStatus::Completed => {
            let text = match found.purpose {
                Purpose::Wallet => "کیف پول شما شارژ شد.",
                Purpose::Visit(_) => {
                    "پول شما رسید. ویزیت قطعی است؛ اگر مهلت آن پیش از رسیدن پول گذشته بود، پول در کیف پول شماست."
                }
                Purpose::Subscription(_) => {
                    "پول شما رسید. اشتراک فعال است؛ اگر مهلت خرید پیش از رسیدن پول گذشته بود، پول در کیف پول شماست."
                }
            };
            ("پرداخت موفق بود", note("good", text))
        }
        ChargeStatus::Failed => {
            let text = "چیزی به حساب هلسا نرسید. اگر پولی از حساب شما کم شده باشد، یا خودکار به کیف پول شما می‌رسد یا بانک آن \
را برمی‌گرداند.";
            ("پرداخت انجام نشد", note("bad", text))
        }
        ChargeStatus::Expired => {
            let text = "مهلت این پرداخت گذشته است. پولی که دیرتر برسد به کیف پول شما می‌رود.";
            ("پرداخت انجام نشد", note("bad", text))
        }
        ChargeStatus::Pending => {
            let text = "نتیجه هنوز از درگاه نرسیده است. اگر پرداخته‌اید دوباره نپردازید: تا چند دقیقه دیگر نتیجه این‌جاست.";
            ("در انتظار نتیجه پرداخت", note("", text))
        }
    }
}

fn unnamed() -> Response {
    let text = "نتیجه پرداخت تا چند دقیقه دیگر در برنامه هلسا است. اگر پرداخته‌اید دوباره نپردازید.";
    html::page(UNNAMED, POLICY, &[("title", "از درگاه برگشتید"), ("state", &note("", text))])
}

fn render(found: &Outcome) -> Response {
    let (title, state) = told(found);
    let id = found.id.to_string();
    let again = format!("<a class=\"button\" href=\"/pay/result/?transaction_id={id}\">تازه‌سازی صفحه</a>");
    let is_open = found.status == ChargeStatus::Pending;
    let actions = if is_open {
        again.as_str()
    } else {
        "<p class=\"small\">اکنون به برنامه هلسا برگردید.</p>"
    };
    let values: [(&str, &str); 6] = [
        ("title", title),
        ("state", &state),
        ("purpose", purpose(found.purpose)),
        ("id", &id),
        ("amount", &grouped(found.amount)),
        ("actions", actions),
    ];
    html::page(PAGE, POLICY, &values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callbacks_own_word_is_read() {
        let id = Uuid::from_u128(7);
        let of = |query: String| charge_id(&format!("/pay/result/{query}").parse().unwrap());
        assert_eq!(of(format!("?transaction_id={id}&status=completed")), Some(id));
        assert_eq!(of(format!("?transaction_id=x&a=1&transaction_id={id}")), Some(id));
        assert_eq!((of(String::new()), of("?transaction_id=1".into())), (None, None));
    }
}
