//! Tells a user something.

use db::Conn;
use domain::{
    Timestamp,
    ids::{NotificationId, UserId, VisitId},
};
use store::notifications::NewNotification;

use super::NoticeKind;
use crate::{
    App, Fault,
    jobs::{self, Kind, SendSms},
};

/// What to tell whom.
pub(crate) struct Notice {
    pub user: UserId,
    pub kind: NoticeKind,
    /// Persian, as the user will read it; days are Jalali.
    pub message: String,
    /// The visit that it is about.
    pub visit: Option<VisitId>,
    /// What happened once is told once: such as `cancelled:{visit}:{user}`.
    pub unique_key: String,
    /// Whether by SMS too.
    pub sms: bool,
}

/// Tells it, in the transaction where it happened: an in-app notification, and (if `sms`) a text through a
/// job that runs once this is committed. Told before, it is not told again.
pub(crate) async fn tell(tx: &Conn, app: &App, notice: &Notice, now: Timestamp) -> Result<(), Fault> {
    let id = NotificationId::new(now, &*app.rng);
    let new = NewNotification {
        user: notice.user,
        kind: notice.kind.as_str(),
        message: &notice.message,
        visit: notice.visit,
        unique_key: &notice.unique_key,
    };
    let is_new = store::notifications::insert(tx, &app.keys, id, &new, now).await?;
    if is_new && notice.sms {
        let job = (Kind::SendSms, &SendSms { notification: id });
        jobs::enqueue(tx, app, job, now, None, now).await?;
    }
    Ok(())
}
