//! A refund that is stuck at the sandbox, which itself never leaves anybody without an answer.

use std::sync::Arc;

use app::{
    Fault,
    billing::holds::{self, Place},
};
use domain::{Clock, SignedDuration, ids::new_v7};
use store::{
    charges,
    refunds::{self, Refund, RefundStatus, Way},
};
use testkit::{TestApp, User};
use uuid::Uuid;

use super::{CHARGES, at_the_sandbox};

/// Where a refund ends that the sandbox had no clear answer about, three times.
pub(crate) async fn unanswered(app: &TestApp, by: &User) -> String {
    let charge = at_the_sandbox(app, by).await;
    let (node, now) = (Arc::clone(&app.app), app.clock.now());
    let refund = node
        .db
        .write((Arc::clone(&node), charge.parse::<Uuid>().unwrap(), now), |tx, (app, charge, now)| {
            Box::pin(async move {
                let charge = charges::by_id(tx, *charge).await?.unwrap();
                let authority = charges::authorities(tx, charge.id).await?.remove(0);
                let id = new_v7(*now, &*app.rng);
                let place = Place {
                    user: charge.user,
                    amount: charge.amount,
                    purpose: "charge_refund",
                    reference: Some(charge.id),
                    unique_key: &format!("refund:{id}"),
                    expires_at: None,
                    description: "برداشت برای بازگشت وجه به کارت بانکی",
                };
                let hold = holds::place(tx, app, &place, *now).await;
                let refund = Refund {
                    id,
                    charge: charge.id,
                    gateway: authority.gateway,
                    authority: authority.authority,
                    amount: charge.amount,
                    way: Way::Reverse,
                    status: RefundStatus::Refunding,
                    hold: Some(hold.map_err(|e| Fault::Internal(e.to_string()))?.id),
                    attempts: 3,
                    answer: Some("timed out".to_owned()),
                    asked_at: Some(*now),
                    check_at: Some(*now + SignedDuration::from_mins(5)),
                    created_at: *now,
                    ended_at: None,
                };
                refunds::insert(tx, &refund).await?;
                Ok::<_, Fault>(id)
            })
        })
        .await
        .unwrap();
    format!("{CHARGES}{charge}/refunds/{refund}/end/")
}
