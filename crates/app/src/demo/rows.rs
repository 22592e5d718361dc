//! Writes the clinic down, some of it in each transaction.

use db::Conn;
use domain::{Rials, Role, Timestamp, ids::UserId, visit::Status};
use store::{audit, notifications::NewNotification, prescriptions::New, visits::Visit};

use super::{doctors::Doctor, notices::Told, patients::Patient, prescriptions::Written, visits::Planned};
use crate::{App, By, Fault};

/// Every method of the demo's payments.
const METHOD: &str = "wallet";

/// What was true when it was planned isn't any more.
fn must(done: bool, what: &str) -> Result<(), Fault> {
    if done { Ok(()) } else { Err(Fault::Internal(format!("the demo's {what} was refused"))) }
}

pub(super) async fn doctors(tx: &Conn, app: &App, doctors: &[Doctor], now: Timestamp) -> Result<(), Fault> {
    for Doctor { id, phone, entry, practice, joined_at } in doctors {
        let keys = &app.keys;
        must(store::accounts::insert(tx, keys, *id, Role::Doctor, phone, *joined_at).await?, "phone number")?;
        must(store::doctors::insert(tx, *id, entry, *joined_at).await?, "council number")?;
        let (first_name, last_name) = (&entry.first_name, &entry.last_name);
        store::accounts::appoint(tx, *id, Role::Doctor, first_name, last_name, *joined_at).await?;
        store::practices::save(tx, *id, practice, now).await?;
    }
    // each locks a chain until the end
    let by = By::command_line();
    for doctor in doctors {
        let event = by.event("doctor.create", Some(doctor.id), doctor.entry.council_number.as_str());
        audit::append(tx, &app.keys, &event, now).await?;
    }
    Ok(())
}

pub(super) async fn patients(
    tx: &Conn,
    app: &App,
    patients: &[Patient],
    now: Timestamp,
) -> Result<(), Fault> {
    for Patient { id, phone, profile, joined_at } in patients {
        let keys = &app.keys;
        must(
            store::accounts::insert(tx, keys, *id, Role::Patient, phone, *joined_at).await?,
            "phone number",
        )?;
        store::patients::insert_empty(tx, *id).await?;
        store::patients::save(tx, keys, *id, profile, *joined_at).await?;
    }
    let by = By::command_line();
    for patient in patients {
        let event = by.event("user.create", Some(patient.id), "demo");
        audit::append(tx, &app.keys, &event, now).await?;
    }
    Ok(())
}

pub(super) async fn visits(tx: &Conn, app: &App, visits: &[Planned]) -> Result<(), Fault> {
    for planned in visits {
        visit(tx, app, planned).await?;
        if let Some(rating) = &planned.rating {
            must(store::ratings::insert(tx, &app.keys, rating).await?, "rating")?;
        }
        if let Some(written) = &planned.prescription {
            prescription(tx, app, &planned.visit, written).await?;
        }
        for told in &planned.told {
            notice(tx, app, &planned.visit, told).await?;
        }
    }
    Ok(())
}

/// Through the same states as every visit.
async fn visit(tx: &Conn, app: &App, planned: &Planned) -> Result<(), Fault> {
    let (keys, visit) = (&app.keys, &planned.visit);
    let id = visit.id;
    let begun = if visit.paid_at.is_some() { Status::Confirmed } else { Status::Pending };
    let booked = store::visits::insert(tx, keys, &Visit { status: begun, ..visit.clone() }).await?;
    booked.map_err(|taken| Fault::Internal(format!("a time of the demo's is taken: {taken:?}")))?;
    if let Some(at) = visit.paid_at {
        let note = domain::ids::new_v7(at, &*app.rng);
        let noted = store::visits::note_payment(tx, note, id, METHOD, false, visit.paid, at).await?;
        must(noted, "payment")?;
    }
    if let Some(at) = visit.started_at {
        must(store::visits::start(tx, id, at).await?, "start")?;
    }
    if let Some(at) = visit.ended_at {
        let from = if visit.started_at.is_some() { Status::InProgress } else { Status::Confirmed };
        must(store::visits::end(tx, id, from, visit.status, at).await?, "end")?;
    }
    if let (Some(at), Some(by)) = (visit.cancelled_at, planned.cancelled_by) {
        let back = visit.refunded;
        let cancelled = store::visits::cancel(tx, keys, id, by, back, &visit.reason, at).await?;
        must(cancelled, "cancellation")?;
        if back > Rials::ZERO {
            let note = domain::ids::new_v7(at, &*app.rng);
            must(store::visits::note_refund(tx, note, id, METHOD, back, at).await?, "refund")?;
        }
    }
    Ok(())
}

async fn prescription(tx: &Conn, app: &App, visit: &Visit, written: &Written) -> Result<(), Fault> {
    let new = New {
        id: written.id,
        visit: visit.id,
        doctor: visit.doctor,
        patient: visit.patient,
        items: &written.items,
        notes: written.notes,
    };
    must(store::prescriptions::insert(tx, &app.keys, &new, written.written_at).await?, "prescription")?;
    if let Some(at) = written.signed_at {
        must(store::prescriptions::sign(tx, written.id, at).await?, "signature")?;
    }
    Ok(())
}

async fn notice(tx: &Conn, app: &App, visit: &Visit, told: &Told) -> Result<(), Fault> {
    let new = NewNotification {
        user: told.user,
        kind: told.kind.as_str(),
        message: &told.message,
        visit: Some(visit.id),
        unique_key: &told.unique_key,
    };
    must(store::notifications::insert(tx, &app.keys, told.id, &new, told.at).await?, "notification")?;
    if let Some(at) = told.read_at {
        store::notifications::mark_read(tx, told.user, told.id, at).await?;
    }
    Ok(())
}

/// Ratings lie in the past, but a search looks for what has changed of late; and the visits go on record.
pub(super) async fn settle(
    tx: &Conn,
    app: &App,
    doctors: &[UserId],
    visits: usize,
    now: Timestamp,
) -> Result<(), Fault> {
    for doctor in doctors {
        store::listing::touch(tx, *doctor, now).await?;
    }
    let by = By::command_line();
    let event = by.event("demo.visits", None, format!("{visits} visits"));
    audit::append(tx, &app.keys, &event, now).await?;
    Ok(())
}
