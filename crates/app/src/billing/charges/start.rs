//! A payment begins: the charge is written down, then the gateway is asked outside of any transaction, then its
//! authority is kept. What breaks off between is a charge that nobody was sent to pay.

use std::sync::Arc;

use domain::{
    Rials, SignedDuration, Timestamp,
    ids::{UserId, VisitId, new_v7},
    visit::Status,
};
use providers::{
    Gateway,
    gateways::{Order, Requested},
};
use serde_json::Value;
use store::{
    audit,
    charges::{self, Authority, AuthorityStatus, Charge, ChargeStatus, Purpose},
};
use uuid::Uuid;

use super::{ChargeError, LIFE, gateway};
use crate::{
    App, By, Fault,
    idempotency::{Answered, Once, Render, look, remember, replay},
    visits::Stored as Visit,
};

/// The sweep leaves a new charge to its payer for so long.
const FIRST_CHECK: SignedDuration = SignedDuration::from_mins(1);

/// Charges of one visit that wait for their payer at once.
const MOST_OPEN: usize = 5;
/// Whoever presses the button again is sent to the same page, while there is so much time left to pay.
const ENOUGH: SignedDuration = SignedDuration::from_mins(10);

/// What somebody wants to pay.
pub struct Start {
    /// Whose money it is.
    pub user: UserId,
    pub purpose: Purpose,
    pub amount: Rials,
    /// Persian, for the gateway's page; nothing medical.
    pub description: &'static str,
    /// None: whichever there is.
    pub gateway: Option<String>,
    /// Where the browser goes afterwards; none: to the public site.
    pub return_url: Option<String>,
    pub by: By,
    pub once: Option<Once>,
    pub render: Render<Started>,
}

/// Where to pay, and until when.
#[derive(Clone, Debug)]
pub struct Started {
    pub id: Uuid,
    pub pay_url: String,
    pub amount: Rials,
    pub expires_at: Timestamp,
}

/// Starts a charge. Its address is nobody's until it is answered, so that a start that failed may be repeated.
pub async fn start(app: &Arc<App>, input: Start) -> Result<Answered<Value>, ChargeError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(input.once.as_ref())?;
    let before = app
        .db
        .read((app, input.once.as_ref()), |c, (app, once)| {
            Box::pin(async move { look::<Value>(c, app, *once).await })
        })
        .await?;
    if let Some(before) = before {
        return Ok(before);
    }
    let (return_url, gateway) = match way(app, &input) {
        Ok(way) => way,
        Err(e) => {
            let why = match e {
                ChargeError::ReturnUrl => Some("return_url"),
                ChargeError::UnknownGateway => Some("gateway"),
                _ => None,
            };
            if let Some(why) = why {
                refuse(app, &input.by, input.user, why).await?;
            }
            return Err(e);
        }
    };
    if let Some(open) = open_page(app, &input, gateway.name(), &return_url).await? {
        return answer_again(app, open, input).await;
    }
    let charge = Charge {
        id: new_v7(now, &*app.rng),
        user: input.user,
        purpose: input.purpose,
        amount: input.amount,
        gateway: gateway.name().to_owned(),
        return_url,
        status: ChargeStatus::Pending,
        credited_authority: None,
        gateway_reference: None,
        created_at: now,
        expires_at: now + LIFE,
        checked_at: None,
        check_at: Some(now + FIRST_CHECK),
        verified_at: None,
    };
    if !write_down(app, &charge, &input.by).await? {
        return Err(ChargeError::IllegalState);
    }
    let (authority, pay_url) = ask(app, &*gateway, &charge, input.description).await?;
    let authority = Authority {
        gateway: charge.gateway.clone(),
        authority,
        charge: charge.id,
        status: AuthorityStatus::Requested,
        pay_url,
        created_at: app.clock.now(),
    };
    keep(app, charge, authority, input).await
}

/// Where the browser goes, and through which gateway.
fn way(app: &App, input: &Start) -> Result<(String, Arc<dyn Gateway>), ChargeError> {
    let return_url = return_url(app, input.return_url.as_deref())?;
    Ok((return_url, gateway(app, input.gateway.as_deref())?))
}

/// Writes down that a charge of this user's was refused, and for which field's sake.
pub async fn refuse(app: &Arc<App>, by: &By, user: UserId, why: &'static str) -> Result<(), Fault> {
    app.db
        .write((Arc::clone(app), by.clone(), user, why, app.clock.now()), |tx, (app, by, user, why, now)| {
            Box::pin(async move {
                let event = by.event("charge.refuse", Some(*user), *why);
                Ok::<_, Fault>(audit::append(tx, &app.keys, &event, *now).await?)
            })
        })
        .await
}

/// A visit's open charge that a new one would be the same as.
async fn open_page(
    app: &App,
    input: &Start,
    gateway: &str,
    return_url: &str,
) -> Result<Option<Started>, Fault> {
    let Purpose::Visit(visit) = input.purpose else { return Ok(None) };
    let wanted = (input.user, input.amount, gateway, return_url);
    app.db
        .read((visit, wanted, app.clock.now()), |c, (visit, wanted, now)| {
            Box::pin(async move {
                let open = charges::open_for(c, *visit, *now).await?;
                let is_full = open.len() >= MOST_OPEN;
                for charge in open {
                    let is_same =
                        (charge.user, charge.amount, charge.gateway.as_str(), charge.return_url.as_str())
                            == *wanted;
                    if !is_same || (!is_full && charge.expires_at <= *now + ENOUGH) {
                        continue;
                    }
                    if let Some(authority) = charges::authorities(c, charge.id).await?.pop() {
                        return Ok(Some(Started {
                            id: charge.id,
                            pay_url: authority.pay_url,
                            amount: charge.amount,
                            expires_at: charge.expires_at,
                        }));
                    }
                }
                Ok::<_, Fault>(None)
            })
        })
        .await
}

async fn answer_again(app: &Arc<App>, open: Started, input: Start) -> Result<Answered<Value>, ChargeError> {
    app.db
        .write((Arc::clone(app), open, input.once, input.render), |tx, (app, open, once, render)| {
            Box::pin(async move {
                if let Some(before) = replay(tx, app, once.as_ref()).await? {
                    return Ok(before);
                }
                Ok::<_, ChargeError>(remember(tx, app, once.as_ref(), render(open.clone())).await?)
            })
        })
        .await
}

/// False where too many charges of the visit wait already.
async fn write_down(app: &Arc<App>, charge: &Charge, by: &By) -> Result<bool, Fault> {
    app.db
        .write((Arc::clone(app), charge.clone(), by.clone()), |tx, (app, charge, by)| {
            Box::pin(async move {
                if let Purpose::Visit(visit) = charge.purpose {
                    // held: of many at once, no more than that are begun
                    let _held = store::visits::lock(tx, &app.keys, VisitId(visit)).await?;
                    if charges::open_for(tx, visit, charge.created_at).await?.len() >= MOST_OPEN {
                        return Ok(false);
                    }
                }
                charges::insert(tx, charge).await?;
                let detail = format!("{} {} {}", charge.purpose.as_str(), charge.gateway, charge.id);
                let event = by.event("charge.start", Some(charge.user), detail);
                audit::append(tx, &app.keys, &event, charge.created_at).await?;
                Ok::<_, Fault>(true)
            })
        })
        .await
}

/// The authority and the page. Asked once: a request that may have made an authority is never repeated.
async fn ask(
    app: &Arc<App>,
    gateway: &dyn Gateway,
    charge: &Charge,
    description: &str,
) -> Result<(String, String), ChargeError> {
    let order = Order {
        id: charge.id,
        amount: charge.amount,
        // whoever comes back with the id was sent there, or knows who was
        callback_url: format!(
            "{}/billing/callback/{}/?charge={}",
            app.billing.api_url, charge.gateway, charge.id
        ),
        description: description.to_owned(),
        phone: None,
        at: charge.created_at,
    };
    let (code, is_over) = match gateway.request(&order).await {
        Requested::Go { authority, pay_url } => return Ok((authority, pay_url)),
        Requested::Refused(code) => (code, true),
        Requested::Unknown(code) => (code, false),
    };
    tracing::warn!(gateway = charge.gateway, charge = %charge.id, code, is_over, "no authority");
    // nobody was sent there, so nothing can be paid
    app.db
        .write((charge.id, app.clock.now()), |tx, (id, now)| {
            Box::pin(async move {
                Ok::<_, Fault>(charges::note(tx, *id, ChargeStatus::Failed, None, *now).await?)
            })
        })
        .await?;
    Err(ChargeError::GatewayUnavailable)
}

async fn keep(
    app: &Arc<App>,
    charge: Charge,
    authority: Authority,
    input: Start,
) -> Result<Answered<Value>, ChargeError> {
    let shared = (Arc::clone(app), charge, authority, input.once, input.render);
    app.db
        .write(shared, |tx, (app, charge, authority, once, render)| {
            Box::pin(async move {
                // on another node the same request may have been quicker: its page is the answer, and nobody is sent
                // to this one
                if let Some(before) = replay(tx, app, once.as_ref()).await? {
                    charges::note(tx, charge.id, ChargeStatus::Failed, None, charge.created_at).await?;
                    return Ok(before);
                }
                if !charges::add_authority(tx, authority).await? {
                    return Err(Fault::Internal("a gateway gave an authority twice".into()).into());
                }
                let started = Started {
                    id: charge.id,
                    pay_url: authority.pay_url.clone(),
                    amount: charge.amount,
                    expires_at: charge.expires_at,
                };
                Ok::<_, ChargeError>(remember(tx, app, once.as_ref(), render(started)).await?)
            })
        })
        .await
}

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

/// The address that a browser may be sent back to: begins with one of those that are allowed, and nothing in it is for
/// anybody but the browser.
pub fn return_url(app: &App, wanted: Option<&str>) -> Result<String, ChargeError> {
    let sites = &app.billing.site_urls;
    let Some(wanted) = wanted else {
        return sites.first().map(|site| format!("{site}/pay/result/")).ok_or(ChargeError::ReturnUrl);
    };
    let is_plain = wanted.len() <= 2_000 && wanted.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let is_allowed = sites.iter().any(|site| {
        let rest = wanted.strip_prefix(site.as_str());
        // not `https://helssa.ir.example`, not `https://helssa.ir@example`
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    });
    if is_plain && is_allowed { Ok(wanted.to_owned()) } else { Err(ChargeError::ReturnUrl) }
}
