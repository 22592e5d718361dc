//! Paying a visit: through its page, by whoever has it open, or by its patient without the page.

use std::sync::Arc;

use domain::{
    Rials,
    ids::{UserId, VisitId},
    visit::Status,
};
use serde_json::Value;
use store::charges::Purpose;
use uuid::Uuid;

use super::{Start, Started, start};
use crate::{
    App, By, Fault,
    billing::charges::ChargeError,
    idempotency::{Answered, Once, Render, look},
    visits::Stored as Visit,
};

/// Starts paying the visit whose page has this token, by whoever has the page open: the money is the patient's.
/// Answers where to pay.
pub async fn start_visit(
    app: &Arc<App>,
    token: Uuid,
    gateway: Option<String>,
    by: By,
) -> Result<String, ChargeError> {
    let found = crate::visits::payable(app, token).await?.ok_or(ChargeError::NotFound)?;
    let render = Arc::new(|started: Started| Value::String(started.pay_url));
    let input = Start { gateway, ..for_visit(app, &found.visit, by, render)? };
    match start(app, input).await?.answer {
        Value::String(url) => Ok(url),
        _ => Err(Fault::Internal("an answer of another kind".into()).into()),
    }
}

/// How a patient wants to pay a visit of their own.
pub struct PayVisit {
    pub patient: UserId,
    pub visit: VisitId,
    /// None: whichever there is.
    pub gateway: Option<String>,
    /// Where the browser goes afterwards; none: to the visit's payment page.
    pub return_url: Option<String>,
    pub by: By,
    pub once: Option<Once>,
    pub render: Render<(Visit, Started)>,
}

/// Starts paying it, without its page.
pub async fn start_own_visit(app: &Arc<App>, wanted: PayVisit) -> Result<Answered<Value>, ChargeError> {
    let found = app
        .db
        .read((app, wanted.once.as_ref(), wanted.visit), |c, (app, once, visit)| {
            Box::pin(async move {
                // first: by now the visit may be paid
                let before = look::<Value>(c, app, *once).await?;
                let visit = store::visits::by_id(c, &app.keys, *visit).await?;
                Ok::<_, ChargeError>((before, visit))
            })
        })
        .await?;
    let (before, visit) = found;
    if let Some(before) = before {
        return Ok(before);
    }
    let visit = visit.filter(|visit| visit.patient == wanted.patient).ok_or(ChargeError::NotFound)?;
    let (shown, render) = (visit.clone(), wanted.render);
    let render = Arc::new(move |started: Started| render((shown.clone(), started)));
    let input = for_visit(app, &visit, wanted.by, render)?;
    let return_url = wanted.return_url.or_else(|| input.return_url.clone());
    start(app, Start { gateway: wanted.gateway, return_url, once: wanted.once, ..input }).await
}

/// What a visit that waits for its money costs, paid by whichever gateway, and back to its page.
fn for_visit(app: &App, visit: &Visit, by: By, render: Render<Started>) -> Result<Start, ChargeError> {
    if visit.status_at(app.clock.now()) != Status::Pending || visit.price.patient_share == Rials::ZERO {
        return Err(ChargeError::IllegalState);
    }
    let page = app.billing.site_urls.first().map(|site| format!("{site}/pay/{}/", visit.pay_token));
    Ok(Start {
        user: visit.patient,
        purpose: Purpose::Visit(visit.id.0),
        amount: visit.price.patient_share,
        description: "پرداخت هزینه ویزیت هلسا",
        gateway: None,
        return_url: page,
        by,
        once: None,
        render,
    })
}
