//! What people were told of the last days: in the app alone, because numbers of the demo may be somebody's.

use domain::{
    Rials, SignedDuration, Timestamp, days,
    ids::{NotificationId, UserId},
    visit::CancelledBy,
};
use store::visits::Visit;

use super::{doctors::Doctor, patients::Patient, visits::Planned};
use crate::{App, notifications::NoticeKind};

/// What is older was told long ago.
const TOLD: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What is older was read.
const UNREAD: SignedDuration = SignedDuration::from_hours(2 * 24);

/// A notification to be written down.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) id: NotificationId,
    pub(super) user: UserId,
    pub(super) kind: NoticeKind,
    pub(super) message: String,
    pub(super) unique_key: String,
    pub(super) at: Timestamp,
    pub(super) read_at: Option<Timestamp>,
}

/// All that a visit's people were told about it lately, in the words of the use cases.
pub(super) fn told(
    app: &App,
    doctor: &Doctor,
    patient: &Patient,
    planned: &Planned,
    now: Timestamp,
) -> Vec<Told> {
    let visit = &planned.visit;
    let mut told = vec![];
    let mut tell = |user: UserId, kind: NoticeKind, key: String, at: Timestamp, message: String| {
        if at + TOLD < now {
            return;
        }
        let id = NotificationId::new(at, &*app.rng);
        let read_at = (at + UNREAD < now).then_some(at + SignedDuration::from_hours(1));
        told.push(Told { id, user, kind, message, unique_key: key, at, read_at });
    };
    let (of_doctor, of_patient) = (doctor.name(), patient.name());
    let (id, when) = (visit.id, days::spoken(visit.starts_at));
    if let Some(at) = visit.paid_at {
        let text =
            format!("ویزیت شما با دکتر {of_doctor} برای {when} قطعی شد. کد پیگیری: {}", visit.reference);
        tell(patient.id, NoticeKind::AppointmentConfirmed, format!("confirmed:{id}:patient"), at, text);
        let text = format!("ویزیت تازه: {of_patient}، {when}");
        tell(doctor.id, NoticeKind::NewAppointment, format!("confirmed:{id}:doctor"), at, text);
    }
    if let (Some(at), Some(by)) = (visit.cancelled_at, planned.cancelled_by)
        && by != CancelledBy::Expired
    {
        let text = cancelled(visit, &of_doctor, &when);
        tell(patient.id, NoticeKind::AppointmentCancelled, format!("cancelled:{id}:patient"), at, text);
        if by != CancelledBy::Doctor {
            let text = format!("ویزیت {of_patient} در {when} لغو شد");
            tell(doctor.id, NoticeKind::AppointmentCancelled, format!("cancelled:{id}:doctor"), at, text);
        }
    }
    if let Some(prescription) = &planned.prescription
        && let Some(at) = prescription.signed_at
    {
        let key = format!("prescription_signed:{}", prescription.id);
        let text = format!("نسخه شما را دکتر {of_doctor} امضا کرد.");
        tell(patient.id, NoticeKind::PrescriptionSigned, key, at, text);
    }
    if let Some(rating) = &planned.rating {
        let text = format!("یکی از بیماران به ویزیت شما امتیاز {} داد", rating.score);
        tell(doctor.id, NoticeKind::RatingReceived, format!("rated:{id}"), rating.created_at, text);
    }
    told
}

fn cancelled(visit: &Visit, doctor: &str, when: &str) -> String {
    let back = if visit.refunded > Rials::ZERO {
        format!(" {} ریال به کیف پول شما بازگشت", visit.refunded)
    } else {
        String::new()
    };
    format!("ویزیت شما با دکتر {doctor} در {when} لغو شد.{back}")
}
