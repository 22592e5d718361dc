//! Sends a notification as a text. Whatever may have been sent counts as sent, as with codes (D13); and a
//! job that runs again hands the same id to the sender, which delivers it once.

use std::sync::Arc;

use domain::ids::NotificationId;
use providers::{NotSent, TextMessage};

use super::NoticeKind;
use crate::{App, Fault, jobs::Failure};

pub(crate) async fn send(app: &Arc<App>, id: NotificationId) -> Result<(), Failure> {
    let found = app
        .db
        .read((app, id), |c, (app, id)| {
            Box::pin(async move {
                let Some(notice) = store::notifications::by_id(c, &app.keys, *id).await? else {
                    return Ok(None);
                };
                let account = store::accounts::by_id(c, &app.keys, notice.user).await?;
                Ok::<_, Fault>(account.map(|account| (notice, account.phone)))
            })
        })
        .await?;
    let Some((notice, phone)) = found else {
        return Err(Failure::Never("no such notification".into()));
    };
    let Some(kind) = NoticeKind::parse(&notice.kind) else {
        return Err(Failure::Never("an unknown kind of notification".into()));
    };
    let message = TextMessage {
        phone,
        kind: kind.as_str(),
        text: notice.message,
        at: app.clock.now(),
        id: notice.id.0,
    };
    match app.senders.text.send_text(&message).await {
        Ok(_) => Ok(()),
        Err(not_sent @ NotSent::Temporary(_)) => Err(Failure::Again(not_sent.to_string())),
        Err(not_sent) => Err(Failure::Never(not_sent.to_string())),
    }
}
