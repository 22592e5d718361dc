//! Who is told what when something happens to a visit. Texts are Persian, their dates Jalali; nothing medical is in
//! them, because SMS is read on locked screens.

use db::Conn;
use domain::{Rials, Timestamp, days, ids::UserId, practice::Preferences, visit::CancelledBy};
use store::visits::Visit;
use uuid::Uuid;

use crate::{
    App, Fault,
    jobs::{self, Kind, Remind},
    notifications::{Notice, NoticeKind, tell},
};

/// Reminders come so many minutes before the start.
pub(super) const REMINDERS: [i64; 2] = [24 * 60, 30];

/// First and last name, from the user's row.
async fn name(tx: &Conn, app: &App, id: UserId) -> Result<String, Fault> {
    let account = store::accounts::by_id(tx, &app.keys, id).await?;
    let name = account.map(|account| format!("{} {}", account.first_name, account.last_name));
    Ok(name
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "بیمار".into()))
}

/// What the doctor wants to hear of.
pub(super) async fn preferences(tx: &Conn, doctor: UserId) -> Result<Preferences, Fault> {
    Ok(store::practices::of(tx, doctor).await?.unwrap_or_default().preferences)
}

async fn to_patient(
    tx: &Conn,
    app: &App,
    visit: &Visit,
    (kind, key, message): (NoticeKind, &str, String),
    now: Timestamp,
) -> Result<(), Fault> {
    let unique_key = format!("{key}:{}:patient", visit.id);
    let notice = Notice { user: visit.patient, kind, message, visit: Some(visit.id), unique_key, sms: true };
    tell(tx, app, &notice, now).await
}

async fn to_doctor(
    tx: &Conn,
    app: &App,
    visit: &Visit,
    (kind, key, message): (NoticeKind, &str, String),
    now: Timestamp,
) -> Result<(), Fault> {
    let unique_key = format!("{key}:{}:doctor", visit.id);
    let notice = Notice { user: visit.doctor, kind, message, visit: Some(visit.id), unique_key, sms: true };
    tell(tx, app, &notice, now).await
}

/// The visit stands: both are told, and will be reminded.
pub(super) async fn confirmed(tx: &Conn, app: &App, visit: &Visit, now: Timestamp) -> Result<(), Fault> {
    let when = days::spoken(visit.starts_at);
    let (doctor, patient) = (name(tx, app, visit.doctor).await?, name(tx, app, visit.patient).await?);
    let text = format!("ویزیت شما با دکتر {doctor} برای {when} قطعی شد. کد پیگیری: {}", visit.reference);
    to_patient(tx, app, visit, (NoticeKind::AppointmentConfirmed, "confirmed", text), now).await?;
    let wants = preferences(tx, visit.doctor).await?;
    if wants.new_appointments {
        let text = format!("ویزیت تازه: {patient}، {when}");
        to_doctor(tx, app, visit, (NoticeKind::NewAppointment, "confirmed", text), now).await?;
    }
    if wants.payment_notifications && visit.price.patient_share > Rials::ZERO {
        let text = format!("پرداخت ویزیت {patient} به مبلغ {} ریال انجام شد", visit.price.patient_share);
        let notice = Notice {
            user: visit.doctor,
            kind: NoticeKind::PaymentReceived,
            message: text,
            visit: Some(visit.id),
            unique_key: format!("paid:{}", visit.id),
            sms: false,
        };
        tell(tx, app, &notice, now).await?;
    }
    remind_later(tx, app, visit, now).await
}

/// Enqueues the reminders that still lie ahead.
async fn remind_later(tx: &Conn, app: &App, visit: &Visit, now: Timestamp) -> Result<(), Fault> {
    for minutes in REMINDERS {
        let run_at = visit.starts_at - domain::SignedDuration::from_mins(minutes);
        if run_at <= now {
            continue;
        }
        let key = format!("remind:{}:{}:{minutes}", visit.id, visit.starts_at.as_second());
        let job = (Kind::Remind, &Remind { visit: visit.id, starts_at: visit.starts_at, minutes });
        jobs::enqueue(tx, app, job, run_at, Some(&key), now).await?;
    }
    Ok(())
}

/// It begins soon.
pub(super) async fn reminder(
    tx: &Conn,
    app: &App,
    visit: &Visit,
    minutes: i64,
    now: Timestamp,
) -> Result<(), Fault> {
    let key = format!("remind:{}:{minutes}", visit.starts_at.as_second());
    let when = days::spoken(visit.starts_at);
    let (doctor, patient) = (name(tx, app, visit.doctor).await?, name(tx, app, visit.patient).await?);
    // as it is now: a worker may have been away
    let left = visit.starts_at.duration_since(now).as_mins().max(1);
    let left = if left >= 120 { format!("{} ساعت", left / 60) } else { format!("{left} دقیقه") };
    let text = format!("یادآوری: ویزیت شما با دکتر {doctor} {left} دیگر، {when} آغاز می‌شود");
    to_patient(tx, app, visit, (NoticeKind::AppointmentReminder, &key, text), now).await?;
    if preferences(tx, visit.doctor).await?.appointment_reminders {
        let text = format!("ویزیت {patient} {left} دیگر، {when} شروع می‌شود");
        to_doctor(tx, app, visit, (NoticeKind::AppointmentReminder, &key, text), now).await?;
    }
    Ok(())
}

/// It won't take place. The patient is told in any case, with what comes back.
pub(super) async fn cancelled(
    tx: &Conn,
    app: &App,
    visit: &Visit,
    by: CancelledBy,
    refund: Rials,
    now: Timestamp,
) -> Result<(), Fault> {
    let when = days::spoken(visit.starts_at);
    let (doctor, patient) = (name(tx, app, visit.doctor).await?, name(tx, app, visit.patient).await?);
    let back = if refund > Rials::ZERO {
        format!(" {refund} ریال به کیف پول شما بازگشت")
    } else {
        String::new()
    };
    let text = format!("ویزیت شما با دکتر {doctor} در {when} لغو شد.{back}");
    to_patient(tx, app, visit, (NoticeKind::AppointmentCancelled, "cancelled", text), now).await?;
    let was_known = visit.paid_at.is_some() || visit.status != domain::visit::Status::Pending;
    if by != CancelledBy::Doctor && was_known && preferences(tx, visit.doctor).await?.cancellations {
        let text = format!("ویزیت {patient} در {when} لغو شد");
        to_doctor(tx, app, visit, (NoticeKind::AppointmentCancelled, "cancelled", text), now).await?;
    }
    Ok(())
}

/// It takes place at another time.
pub(super) async fn rescheduled(tx: &Conn, app: &App, visit: &Visit, now: Timestamp) -> Result<(), Fault> {
    if visit.status == domain::visit::Status::Pending {
        return Ok(());
    }
    let when = days::spoken(visit.starts_at);
    let key = format!("moved:{}:{}", visit.starts_at.as_second(), now.as_microsecond());
    let (doctor, patient) = (name(tx, app, visit.doctor).await?, name(tx, app, visit.patient).await?);
    let text = format!("زمان ویزیت شما با دکتر {doctor} به {when} تغییر کرد");
    to_patient(tx, app, visit, (NoticeKind::AppointmentRescheduled, &key, text), now).await?;
    if preferences(tx, visit.doctor).await?.new_appointments {
        let text = format!("زمان ویزیت {patient} به {when} تغییر کرد");
        to_doctor(tx, app, visit, (NoticeKind::AppointmentRescheduled, &key, text), now).await?;
    }
    remind_later(tx, app, visit, now).await
}

/// Money came too late for the visit and is in the wallet.
pub(super) async fn late_payment(
    tx: &Conn,
    app: &App,
    visit: &Visit,
    note: Uuid,
    now: Timestamp,
) -> Result<(), Fault> {
    let text = "پرداخت شما پس از پایان مهلت رزرو رسید؛ مبلغ آن در کیف پول شماست".to_owned();
    let key = format!("late:{note}");
    to_patient(tx, app, visit, (NoticeKind::PaymentReceived, &key, text), now).await
}

/// An admin has put it there; the patient has to pay for it.
pub(super) async fn overbooked(tx: &Conn, app: &App, visit: &Visit, now: Timestamp) -> Result<(), Fault> {
    let (when, doctor) = (days::spoken(visit.starts_at), name(tx, app, visit.doctor).await?);
    let text = format!("ویزیتی با دکتر {doctor} برای {when} برای شما ثبت شد؛ تا پیش از آن پرداخت کنید");
    to_patient(tx, app, visit, (NoticeKind::NewAppointment, "overbooked", text), now).await
}

/// The patient has said how it was.
pub(super) async fn rated(tx: &Conn, app: &App, visit: &Visit, now: Timestamp) -> Result<(), Fault> {
    // neither which visit nor how many stars: who it was is not told
    let text = "یکی از بیماران به ویزیت خود با شما امتیاز داد".to_owned();
    let notice = Notice {
        user: visit.doctor,
        kind: NoticeKind::RatingReceived,
        message: text,
        visit: None,
        unique_key: format!("rated:{}", visit.id),
        sms: false,
    };
    tell(tx, app, &notice, now).await
}
