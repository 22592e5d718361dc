//! `/dev/pay/{authority}`: the development gateway's page, where one succeeds, fails, goes away, pays late or twice. Only
//! where that gateway is on.

use app::billing::charges::{self, PageState, Verb};
use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::html::{self, escaped, grouped, note};
use crate::{
    Api,
    errors::{ApiResult, Code},
};

const PAGE: &str = include_str!("dev_pay.html");
// browsers ask `form-action` about redirects too, and the way back may be another site
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http: https:; \
frame-ancestors 'none'; base-uri 'none'";

/// Path, what the button does, how it looks, what is written on it and below it.
const BUTTONS: [(&str, Verb, &str, &str, &str); 6] = [
    ("succeed", Verb::Succeed, "", "پرداخت موفق", "پول را می‌پردازد و به سایت برمی‌گردد."),
    ("fail", Verb::Fail, "bad", "پرداخت ناموفق", "چیزی نمی‌پردازد و به سایت برمی‌گردد."),
    (
        "leave",
        Verb::Leave,
        "quiet",
        "پرداخت، بدون بازگشت به سایت",
        "پول را می‌پردازد و پنجره را می‌بندد: سرور باید خودش آن را پیدا کند.",
    ),
    (
        "late",
        Verb::Late,
        "quiet",
        "پرداخت دیرهنگام",
        "یک دقیقه پس از پایان مهلت می‌پردازد: سرور باید پول را در کیف پول بگذارد.",
    ),
    (
        "twice",
        Verb::Twice,
        "quiet",
        "پرداخت با دو بار بازگشت",
        "خبر پرداخت دو بار می‌رسد: فقط یک بار حساب می‌شود.",
    ),
    ("abandon", Verb::Abandon, "quiet", "رها کردن", "چیزی نمی‌پردازد و برنمی‌گردد: مهلت پرداخت می‌گذرد."),
];

async fn render(api: &Api, authority: &str, pressed: Option<Verb>) -> ApiResult<Response> {
    let found = charges::sandbox_page(&api.app, authority).await?;
    let state = match (found.state, pressed) {
        (PageState::Pending, Some(Verb::Abandon)) => {
            note("", "رها شد. تا پایان مهلت می‌توانید برگردید و بپردازید.")
        }
        (PageState::Pending, _) => String::new(),
        (PageState::Late, _) => note("", "این پرداخت پس از پایان مهلت انجام می‌شود."),
        (PageState::Paid, _) => note("good", "این پرداخت انجام شده است."),
        (PageState::Failed, _) => note("bad", "این پرداخت ناموفق بود. می‌توانید دوباره بپردازید."),
        (PageState::Reversed, _) => note("", "این پرداخت انجام شد و پول آن برگشت داده شد."),
    };
    let authority = escaped(authority);
    let form = |(path, _, look, title, about): &(&str, Verb, &str, &str, &str)| {
        format!(
            "<form method=\"post\" action=\"/dev/pay/{authority}/{path}/\" class=\"{look}\">\
             <button id=\"{path}\" aria-describedby=\"{path}-about\">{title}</button>\
             <p class=\"small\" id=\"{path}-about\">{about}</p></form>\n"
        )
    };
    let buttons: String = BUTTONS.iter().map(form).collect();
    let values: [(&str, &str); 4] = [
        ("description", &escaped(&found.description)),
        ("amount", &grouped(found.amount)),
        ("state", &state),
        ("buttons", &buttons),
    ];
    Ok(html::page(PAGE, POLICY, &values))
}

pub(crate) async fn page(State(api): State<Api>, Path(authority): Path<String>) -> ApiResult<Response> {
    render(&api, &authority, None).await
}

pub(crate) async fn press(
    State(api): State<Api>,
    Path((authority, verb)): Path<(String, String)>,
) -> ApiResult<Response> {
    let button = BUTTONS.iter().find(|(path, ..)| *path == verb);
    let (_, verb, ..) = *button.ok_or(Code::NotFound)?;
    match charges::press(&api.app, &authority, verb).await? {
        Some(url) => Ok((StatusCode::SEE_OTHER, [(header::LOCATION, url)]).into_response()),
        None => render(&api, &authority, Some(verb)).await,
    }
}
