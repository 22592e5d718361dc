//! The browser comes back from a gateway. What it says is a hint to ask the gateway, nothing more.

use std::sync::Arc;

use store::{
    audit,
    charges::{self, Charge, ChargeStatus, Purpose},
};
use uuid::Uuid;

use super::{
    Brought, ChargeError, return_url,
    settle::{Asker, settle_for},
};
use crate::{App, By, Fault, Origin};

/// Where the browser goes.
#[derive(Clone, Debug)]
pub struct Back {
    pub url: String,
}

/// Settles what came back with these parameters. [`ChargeError::NotFound`] where it names no payment of ours.
///
/// `charge` among them is ours: the address that the gateway was given has it. Authorities can be guessed, and a visit's
/// page is its patient's alone: whoever doesn't know the charge isn't sent there. Nor is the charge's id told where it is
/// what tells payers from strangers.
pub async fn callback(
    app: &Arc<App>,
    gateway: &str,
    params: &[(String, String)],
    origin: &Origin,
) -> Result<Back, ChargeError> {
    let Some(engine) = app.gateways.get(gateway) else {
        // what the address has in its place is anybody's words
        forged(app, "an unknown gateway".to_owned(), origin).await?;
        return Err(ChargeError::NotFound);
    };
    let Some(found) = engine.read_callback(params) else {
        forged(app, format!("{gateway}: no authority"), origin).await?;
        return Err(ChargeError::NotFound);
    };
    let brought = Brought { claims_ok: found.claims_ok, extra: found.extra };
    let named = named(params);
    match settle_for(app, gateway, &found.authority, brought, Asker::Browser { named, origin }).await {
        Ok(charge) => {
            let status = charge.status_at(app.clock.now());
            let is_private = engine.callback_is_needed() || matches!(charge.purpose, Purpose::Visit(_));
            let url = if is_private && named != Some(charge.id) {
                // not with the charge's id: it is what is to be known
                format!("{}?status={}", return_url(app, None)?, status.as_str())
            } else {
                back_to(&charge, status)
            };
            Ok(Back { url })
        }
        Err(ChargeError::NotFound) => {
            forged(app, format!("{gateway}: an unknown authority"), origin).await?;
            Err(ChargeError::NotFound)
        }
        Err(e) => Err(e),
    }
}

impl App {
    /// Whether a callback with these parameters is about a payment of ours: a charge's id alone is about none.
    pub async fn knows_callback(&self, gateway: &str, params: &[(String, String)]) -> Result<bool, Fault> {
        let found = self.gateways.get(gateway).and_then(|engine| engine.read_callback(params));
        let Some(found) = found else { return Ok(false) };
        self.db
            .read((gateway, found.authority.as_str()), |c, (gateway, authority)| {
                Box::pin(async move {
                    Ok::<_, Fault>(charges::by_authority(c, gateway, authority).await?.is_some())
                })
            })
            .await
    }
}

/// The charge that the browser was sent away with.
fn named(params: &[(String, String)]) -> Option<Uuid> {
    params.iter().find(|(name, _)| name == "charge").and_then(|(_, id)| id.trim().parse().ok())
}

/// What names no authority that was given to us. How many of them come from one address is limited before.
async fn forged(app: &Arc<App>, detail: String, origin: &Origin) -> Result<(), Fault> {
    let input = (Arc::clone(app), By::stranger(origin), detail, app.clock.now());
    app.db
        .write(input, |tx, (app, by, detail, now)| {
            Box::pin(async move {
                let event = by.event("charge.forged", None, detail.as_str());
                Ok::<_, Fault>(audit::append(tx, &app.keys, &event, *now).await?)
            })
        })
        .await
}

/// The payer's own page, told which charge and what became of it.
fn back_to(charge: &Charge, status: ChargeStatus) -> String {
    let (address, fragment) = match charge.return_url.split_once('#') {
        Some((address, fragment)) => (address, format!("#{fragment}")),
        None => (charge.return_url.as_str(), String::new()),
    };
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}transaction_id={}&status={}{fragment}", charge.id, status.as_str())
}

#[cfg(test)]
mod tests {
    use domain::{Rials, Timestamp, ids::UserId};

    use super::*;

    #[test]
    fn a_charge_is_named_by_its_id() {
        let id = Uuid::from_u128(1);
        let of = |name: &str, value: String| named(&[("a".into(), "b".into()), (name.into(), value)]);
        assert_eq!(of("charge", id.to_string()), Some(id));
        assert_eq!((of("charge", "1".into()), of("order", id.to_string())), (None, None));
    }

    #[test]
    fn the_way_back_tells_what_happened() {
        let at: Timestamp = "2024-01-20T10:00:00Z".parse().unwrap();
        let to = |return_url: &str| {
            let charge = Charge {
                id: Uuid::from_u128(1),
                user: UserId(Uuid::from_u128(2)),
                purpose: Purpose::Wallet,
                amount: Rials::new(1_000).unwrap(),
                gateway: "sandbox".into(),
                return_url: return_url.into(),
                status: ChargeStatus::Pending,
                credited_authority: None,
                gateway_reference: None,
                created_at: at,
                expires_at: at + super::super::LIFE,
                checked_at: None,
                check_at: None,
                verified_at: None,
            };
            back_to(&charge, ChargeStatus::Failed)
        };
        let told = "transaction_id=00000000-0000-0000-0000-000000000001&status=failed";
        assert_eq!(to("https://helssa.ir"), format!("https://helssa.ir?{told}"));
        assert_eq!(to("https://helssa.ir/w?a=1#b"), format!("https://helssa.ir/w?a=1&{told}#b"));
    }
}
