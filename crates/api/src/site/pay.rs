//! `/pay/{token}`: the page where a visit is paid online, and where its payer comes back to from the gateway.

use app::{
    By,
    billing::charges::{self, ChargeError, ChargeStatus, Outcome},
    visits::{self, ForPatient, Stored},
};
use axum::{
    body::Body,
    extract::{Path, State},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use domain::{
    Rials, Timestamp, days,
    visit::{CancelledBy, Status, VisitType},
};
use uuid::Uuid;

use super::{
    html::{self, escaped, grouped, note, persian},
    result::charge_id,
};
use crate::{
    Api,
    billing::form,
    errors::{ApiError, ApiResult, Code},
    extract::Origin,
};

const PAGE: &str = include_str!("pay.html");
// browsers ask `form-action` about redirects too: the button leads to a gateway
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' https:; frame-ancestors 'none'; \
base-uri 'none'";

const TITLE: &str = "پرداخت ویزیت";
const SILENT: &str = "درگاه پرداخت پاسخ نداد و چیزی پرداخت نشد. چند لحظه دیگر دوباره تلاش کنید.";
const FAILED: &str = "پرداخت انجام نشد. تا پایان مهلت می‌توانید دوباره تلاش کنید. اگر پولی از حساب شما کم شده باشد، یا \
خودکار به کیف پول شما در هلسا می‌رسد یا بانک آن را برمی‌گرداند.";
const WAITING: &str = "نتیجه پرداخت هنوز از درگاه نرسیده است. اگر پرداخته‌اید دوباره نپردازید و کمی بعد این صفحه را تازه \
کنید.";
const AFTERWARDS: &str = "پس از پرداخت به همین صفحه برمی‌گردید و ویزیت شما قطعی می‌شود. پولی که پس از پایان مهلت برسد به کیف \
پول شما می‌رود.";
const FROM_WALLET: &str = "از کیف پول خود در برنامه هلسا هم می‌توانید بپردازید.";

fn token(text: &str) -> ApiResult<Uuid> {
    text.parse().map_err(|_| ApiError::new(Code::NotFound))
}

pub(crate) async fn page(State(api): State<Api>, Path(text): Path<String>, uri: Uri) -> ApiResult<Response> {
    show(&api, token(&text)?, charge_id(&uri), None).await
}

/// Starts paying at the gateway of the button that was pressed.
pub(crate) async fn press(
    State(api): State<Api>,
    Path(text): Path<String>,
    Origin(origin): Origin,
    body: Body,
) -> ApiResult<Response> {
    let token = token(&text)?;
    let fields = form(body).await?;
    let gateway = fields.into_iter().find(|(name, _)| name == "gateway").map(|(_, value)| value);
    match charges::start_visit(&api.app, token, gateway, By::stranger(&origin)).await {
        Ok(url) => Ok(see_other(url)),
        // paid, or too late, since the page was shown: it says so
        Err(ChargeError::IllegalState) => Ok(see_other(format!("/pay/{token}/"))),
        Err(ChargeError::GatewayUnavailable) => {
            let shown = show(&api, token, None, Some(SILENT)).await?;
            Ok((StatusCode::SERVICE_UNAVAILABLE, shown).into_response())
        }
        Err(e) => Err(e.into()),
    }
}

fn see_other(url: String) -> Response {
    let headers = [(header::LOCATION, url), (header::CACHE_CONTROL, "no-store".to_owned())];
    (StatusCode::SEE_OTHER, headers).into_response()
}

async fn show(api: &Api, token: Uuid, charge: Option<Uuid>, trouble: Option<&str>) -> ApiResult<Response> {
    let found = visits::payable(&api.app, token).await?.ok_or(Code::NotFound)?;
    let outcome = match charge {
        Some(id) => charges::outcome(&api.app, id).await?,
        None => None,
    };
    // of this visit alone
    let outcome = outcome.filter(|outcome| outcome.purpose.reference() == Some(found.visit.id.0));
    let gateways: Vec<_> = api.app.gateways.iter().map(|gateway| (gateway.name(), gateway.title())).collect();
    Ok(render(&found, outcome.as_ref(), trouble, &gateways, api.app.clock.now()))
}

/// A button for each gateway.
fn buttons(gateways: &[(&str, &str)]) -> String {
    let button = |(name, title): &(&str, &str)| {
        let (name, title) = (escaped(name), escaped(title));
        format!("<p><button name=\"gateway\" value=\"{name}\">پرداخت با {title}</button></p>")
    };
    let buttons: String = gateways.iter().map(button).collect();
    // to the page's own address
    format!("<form method=\"post\">{buttons}</form>\n<p class=\"small\">{AFTERWARDS}</p>\n")
}

/// What the page says above the visit, and what can be done below it.
fn state(
    visit: &Stored,
    outcome: Option<ChargeStatus>,
    gateways: &[(&str, &str)],
    now: Timestamp,
) -> (String, String) {
    match visit.status_at(now) {
        Status::Pending => {
            let until = visit.hold_until.map(days::spoken).unwrap_or_default();
            let until = note("", &format!("مهلت پرداخت: {}", persian(&until)));
            let came_back = match outcome {
                Some(ChargeStatus::Failed | ChargeStatus::Expired) => note("bad", FAILED),
                Some(ChargeStatus::Pending) => note("", WAITING),
                Some(ChargeStatus::Completed) | None => String::new(),
            };
            let is_free = visit.price.patient_share == Rials::ZERO;
            let buttons = if is_free || gateways.is_empty() { String::new() } else { buttons(gateways) };
            (came_back + &until, format!("{buttons}<p class=\"small\">{FROM_WALLET}</p>"))
        }
        Status::Cancelled => {
            let by_nobody = [None, Some(CancelledBy::Expired.as_str())];
            let text = if by_nobody.contains(&visit.cancelled_by.as_deref()) {
                "مهلت پرداخت پایان یافته و زمان این ویزیت آزاد شده است."
            } else {
                "این ویزیت لغو شده است."
            };
            let is_in_wallet = outcome == Some(ChargeStatus::Completed) && visit.paid == Rials::ZERO;
            let came_back = if is_in_wallet {
                note("", "پولی که پرداختید در کیف پول شماست و می‌توانید دوباره نوبت بگیرید.")
            } else {
                String::new()
            };
            let returned = if visit.refunded > Rials::ZERO {
                note("", &format!("{} ریال به کیف پول شما برگشت.", grouped(visit.refunded)))
            } else {
                String::new()
            };
            (note("bad", text) + &came_back + &returned, String::new())
        }
        Status::Confirmed => {
            let next = match visit.kind {
                VisitType::Online => "پیوند ویزیت آنلاین از ۱۵ دقیقه پیش از شروع در برنامه هلسا باز است.",
                VisitType::InPerson => "نشانی مطب را در برنامه هلسا ببینید.",
            };
            let reminded = "۲۴ ساعت و ۳۰ دقیقه پیش از آن یادآوری می‌گیرید.";
            let good = note("good", "پرداخت انجام شد و ویزیت شما قطعی است.");
            (good, format!("<p class=\"small\">{next} {reminded}</p>"))
        }
        Status::InProgress | Status::Completed | Status::NoShow => {
            (note("good", "پرداخت انجام شد."), String::new())
        }
    }
}

fn render(
    found: &ForPatient,
    outcome: Option<&Outcome>,
    trouble: Option<&str>,
    gateways: &[(&str, &str)],
    now: Timestamp,
) -> Response {
    let visit = &found.visit;
    let (state, actions) = state(visit, outcome.map(|outcome| outcome.status), gateways, now);
    let trouble = trouble.map(|text| note("bad", text)).unwrap_or_default();
    let is_paid = visit.paid > Rials::ZERO;
    let state = trouble + &state;
    let values: [(&str, &str); 11] = [
        ("title", TITLE),
        ("state", &state),
        ("doctor", &escaped(&format!("دکتر {} {}", found.doctor_first_name, found.doctor_last_name))),
        ("kind", if visit.kind == VisitType::Online { "آنلاین" } else { "حضوری" }),
        ("when", &persian(&days::spoken(visit.starts_at))),
        ("reference", &escaped(&visit.reference)),
        ("total", &grouped(visit.price.total)),
        ("insurance", &grouped(visit.price.insurance_share)),
        ("share", if is_paid { "سهم شما" } else { "قابل پرداخت" }),
        ("payable", &grouped(visit.price.patient_share)),
        ("actions", &actions),
    ];
    html::page(PAGE, POLICY, &values)
}
