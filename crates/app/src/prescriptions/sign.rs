//! Signs a draft: from then on it is the patient's too, and stays as it is.

use std::sync::Arc;

use db::Conn;
use domain::{Timestamp, ids::PrescriptionId, prescription::Event};
use store::{audit, prescriptions::Prescription};

use super::{PrescriptionError, View, of_doctor, view};
use crate::{
    App, By, Caller,
    notifications::{Notice, NoticeKind, tell},
};

/// Signs a draft of the caller's that prescribes something, and tells the patient.
pub async fn sign(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: PrescriptionId,
) -> Result<View, PrescriptionError> {
    let input = (Arc::clone(app), *caller, by.clone(), id, app.clock.now());
    app.db
        .write(input, |tx, (app, caller, by, id, now)| {
            Box::pin(async move {
                let draft = of_doctor(tx, app, *id, caller.user).await?;
                sign_draft(tx, app, &draft, *now).await?;
                let view = view(tx, app, *id, *now).await?;
                let event = by.event("prescription.sign", Some(draft.patient.id), id.to_string());
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok(view)
            })
        })
        .await
}

/// The step itself, without its audit entry.
pub(super) async fn sign_draft(
    tx: &Conn,
    app: &App,
    draft: &Prescription,
    now: Timestamp,
) -> Result<(), PrescriptionError> {
    // the store refuses an empty one
    if draft.status.after(Event::Sign).is_none() || !store::prescriptions::sign(tx, draft.id, now).await? {
        return Err(PrescriptionError::IllegalState);
    }
    let doctor = &draft.doctor;
    let notice = Notice {
        user: draft.patient.id,
        kind: NoticeKind::PrescriptionSigned,
        // no drug is named: a message is read on locked screens
        message: format!("نسخه شما را دکتر {} {} امضا کرد.", doctor.first_name, doctor.last_name),
        visit: Some(draft.visit),
        unique_key: format!("prescription_signed:{}", draft.id),
        sms: true,
    };
    tell(tx, app, &notice, now).await?;
    Ok(())
}
