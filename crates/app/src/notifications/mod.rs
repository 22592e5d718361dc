//! What users are told (D26): in the app always, by SMS where it matters.

mod list;
mod read;
mod send;
mod tell;

pub use list::{Notices, list};
pub use read::{ReadNoticeError, mark_all_read, mark_read};
pub(crate) use send::send;
pub use store::notifications::Notification;
pub(crate) use tell::{Notice, tell};

/// What a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    AppointmentReminder,
    NewAppointment,
    AppointmentConfirmed,
    AppointmentCancelled,
    AppointmentRescheduled,
    PaymentReceived,
    PaymentRefunded,
    PrescriptionSigned,
    RatingReceived,
    Subscription,
    Payout,
}

impl NoticeKind {
    pub const ALL: [Self; 11] = [
        Self::AppointmentReminder,
        Self::NewAppointment,
        Self::AppointmentConfirmed,
        Self::AppointmentCancelled,
        Self::AppointmentRescheduled,
        Self::PaymentReceived,
        Self::PaymentRefunded,
        Self::PrescriptionSigned,
        Self::RatingReceived,
        Self::Subscription,
        Self::Payout,
    ];

    /// On the wire (`type`) and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppointmentReminder => "appointment_reminder",
            Self::NewAppointment => "new_appointment",
            Self::AppointmentConfirmed => "appointment_confirmed",
            Self::AppointmentCancelled => "appointment_cancelled",
            Self::AppointmentRescheduled => "appointment_rescheduled",
            Self::PaymentReceived => "payment_received",
            Self::PaymentRefunded => "payment_refunded",
            Self::PrescriptionSigned => "prescription_signed",
            Self::RatingReceived => "rating_received",
            Self::Subscription => "subscription",
            Self::Payout => "payout",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
