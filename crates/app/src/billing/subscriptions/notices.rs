//! What subscribers are told. Texts are Persian, their days Jalali.

use db::Conn;
use domain::{Rials, Timestamp, days, ids::UserId, subscription::Plan};
use store::{
    purchases::{Kind, Purchase},
    subscriptions::Subscription,
};
use uuid::Uuid;

use crate::{
    App, Fault,
    notifications::{Notice, NoticeKind, tell},
};

fn notice(subscription: &Subscription, unique_key: String, message: String, sms: bool) -> Notice {
    Notice { user: subscription.user, kind: NoticeKind::Subscription, message, visit: None, unique_key, sms }
}

/// It is bought, extended or renewed; who does it by hand needs no text.
pub(super) async fn bought(
    tx: &Conn,
    app: &App,
    (purchase, plan, subscription): (&Purchase, &Plan, &Subscription),
    now: Timestamp,
) -> Result<(), Fault> {
    let end = days::jalali(subscription.end);
    let is_renewal = purchase.kind == Kind::Renewal;
    let text = if is_renewal {
        format!("اشتراک {} با {} ریال از کیف پول تا {end} تمدید شد", plan.name, purchase.total)
    } else {
        format!("اشتراک {} تا {end} فعال است", plan.name)
    };
    let key = format!("subscription:{}:paid", purchase.id);
    tell(tx, app, &notice(subscription, key, text, is_renewal), now).await
}

/// The money of a charge came too late for its purchase, or when something else was bought; it is in the wallet.
pub(super) async fn into_wallet(
    tx: &Conn,
    app: &App,
    user: UserId,
    (charge, amount): (Uuid, Rials),
    now: Timestamp,
) -> Result<(), Fault> {
    let message = format!(
        "پرداخت شما برای اشتراک رسید، اما آن خرید دیگر ممکن نبود؛ مبلغ آن ({amount} ریال) در کیف پول شماست"
    );
    let kind = NoticeKind::PaymentReceived;
    let unique_key = format!("subscription:into_wallet:{charge}");
    tell(tx, app, &Notice { user, kind, message, visit: None, unique_key, sms: true }, now).await
}

/// The wallet held too little; told once, not at every try.
pub(super) async fn not_renewed(
    tx: &Conn,
    app: &App,
    (subscription, plan, price): (&Subscription, &Plan, Rials),
    now: Timestamp,
) -> Result<(), Fault> {
    let text = format!(
        "موجودی کیف پول برای تمدید اشتراک {} کافی نیست ({price} ریال). تا سه روز دوباره تلاش می‌شود",
        plan.name
    );
    let key = format!("subscription:{}:past_due:{}", subscription.id, subscription.end);
    tell(tx, app, &notice(subscription, key, text, true), now).await
}

/// Its time is over.
pub(super) async fn ended(
    tx: &Conn,
    app: &App,
    (subscription, plan): (&Subscription, &Plan),
    now: Timestamp,
) -> Result<(), Fault> {
    let text = format!("اشتراک {} به پایان رسید", plan.name);
    let key = format!("subscription:{}:ended", subscription.id);
    tell(tx, app, &notice(subscription, key, text, true), now).await
}
