//! A doctor's settings as clients send them. Every field may be missing or `null`.

use app::doctors::SettingsChange;
use domain::{
    Rials, Violation, days,
    schedule::{self, BUFFERS, Break, DURATIONS, Leave, TimeOfDay, Weekday},
    text as rules,
    violation::Parsed,
};
use serde_json::Value;
use utoipa::ToSchema;

use crate::extract::{Body, Fields, integer, list, text};

const MAX_BREAKS: usize = 10;
const MAX_DAYS_OFF: usize = 100;
const MAX_LEAVES: usize = 50;
const MAX_INSURERS: usize = 50;
/// Characters of an insurer's name.
const INSURER: usize = 100;
/// Characters.
const ADDRESS: usize = 500;
/// Characters.
const ABOUT: usize = 2_000;

/// The fields of a doctor's settings.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire; the values are in `changes`")]
pub(crate) struct SettingsBody {
    #[schema(value_type = Option<ConsultationSettingsBody>)]
    consultation_settings: (),
    #[schema(value_type = Option<AvailabilityBody>)]
    availability: (),
    #[schema(value_type = Option<NotificationPreferencesBody>)]
    notification_preferences: (),
    /// Names from the list of insurers, in any spelling.
    #[schema(value_type = Option<Vec<String>>, example = json!(["تامین اجتماعی", "ایران", "آسیا"]), max_items = 50)]
    accepted_insurances: (),
    /// Where patients come to.
    #[schema(value_type = Option<String>, example = "تهران، خیابان ولیعصر، پلاک 123", max_length = 500)]
    address: (),
    /// What patients read about the doctor.
    #[schema(value_type = Option<String>, example = "فلوشیپ نارسایی قلب", max_length = 2000)]
    about: (),
    #[schema(ignore)]
    pub(super) changes: Vec<SettingsChange>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct ConsultationSettingsBody {
    #[schema(example = true)]
    online_consultation_enabled: Option<bool>,
    /// Rials.
    #[schema(example = 600_000, minimum = 0, maximum = 10_000_000_000_i64)]
    online_consultation_fee: Option<i64>,
    #[schema(example = true)]
    in_person_consultation_enabled: Option<bool>,
    /// Rials.
    #[schema(example = 800_000, minimum = 0, maximum = 10_000_000_000_i64)]
    in_person_consultation_fee: Option<i64>,
    /// Minutes, a multiple of 5.
    #[schema(example = 20, minimum = 5, maximum = 240, multiple_of = 5)]
    consultation_duration: Option<i64>,
    /// Minutes between two visits, a multiple of 5.
    #[schema(example = 10, minimum = 0, maximum = 120, multiple_of = 5)]
    buffer_time: Option<i64>,
}

/// Times and days of Tehran. Times of day are `HH:MM`, multiples of five minutes; an end may be `24:00`.
/// Days are Jalali `YYYY-MM-DD`; a year from 1700 on is Gregorian.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct AvailabilityBody {
    /// Each at most once.
    #[schema(example = json!(["saturday", "sunday", "monday", "tuesday", "wednesday"]), max_items = 7)]
    working_days: Option<Vec<String>>,
    working_hours: Option<HoursBody>,
    /// Within the working hours, apart from each other.
    #[schema(max_items = 10)]
    break_times: Option<Vec<BreakBody>>,
    #[schema(example = json!(["1403-01-01"]), max_items = 100)]
    days_off: Option<Vec<String>>,
    #[schema(max_items = 50)]
    leaves: Option<Vec<LeaveBody>>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct HoursBody {
    #[schema(example = "09:00")]
    start: Option<String>,
    #[schema(example = "17:00")]
    end: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct BreakBody {
    #[schema(example = "12:00")]
    start: String,
    #[schema(example = "13:00")]
    end: String,
}

/// Days away, both included.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct LeaveBody {
    #[schema(example = "1403-01-01")]
    from: String,
    #[schema(example = "1403-01-14")]
    to: String,
}

/// What the doctor wants to be told.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct NotificationPreferencesBody {
    #[schema(example = true)]
    appointment_reminders: Option<bool>,
    #[schema(example = true)]
    new_appointments: Option<bool>,
    #[schema(example = true)]
    cancellations: Option<bool>,
    #[schema(example = true)]
    payment_notifications: Option<bool>,
}

impl SettingsBody {
    /// The changes that replace everything. The reference's own sample has no switch for visits in person:
    /// whoever names a fee for them takes them.
    pub(super) fn for_all(mut self) -> Vec<SettingsChange> {
        let is_switched = self.changes.iter().any(|c| matches!(c, SettingsChange::InPersonEnabled(_)));
        let has_fee =
            self.changes.iter().any(|c| matches!(c, SettingsChange::InPersonFee(fee) if *fee > Rials::ZERO));
        if has_fee && !is_switched {
            self.changes.push(SettingsChange::InPersonEnabled(true));
        }
        self.changes
    }
}

impl Body for SettingsBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut changes = Vec::new();
        fields.object("consultation_settings", |fields| {
            let mut put = Reader { fields, changes: &mut changes };
            put.one("online_consultation_enabled", flag, SettingsChange::OnlineEnabled);
            put.one("online_consultation_fee", fee, SettingsChange::OnlineFee);
            put.one("in_person_consultation_enabled", flag, SettingsChange::InPersonEnabled);
            put.one("in_person_consultation_fee", fee, SettingsChange::InPersonFee);
            put.one("consultation_duration", duration, SettingsChange::Duration);
            put.one("buffer_time", buffer, SettingsChange::Buffer);
        });
        fields.object("availability", |fields| {
            let mut put = Reader { fields, changes: &mut changes };
            let week = Weekday::NAMES.len();
            put.one("working_days", list(week, Weekday::parse), SettingsChange::WorkingDays);
            put.list("break_times", MAX_BREAKS, break_time, SettingsChange::Breaks);
            put.one("days_off", list(MAX_DAYS_OFF, days::parse), SettingsChange::DaysOff);
            put.list("leaves", MAX_LEAVES, leave, SettingsChange::Leaves);
            fields.object("working_hours", |fields| {
                let mut put = Reader { fields, changes: &mut changes };
                put.one("start", text(TimeOfDay::parse), SettingsChange::Start);
                put.one("end", text(TimeOfDay::parse_end), SettingsChange::End);
            });
        });
        fields.object("notification_preferences", |fields| {
            let mut put = Reader { fields, changes: &mut changes };
            put.one("appointment_reminders", flag, SettingsChange::AppointmentReminders);
            put.one("new_appointments", flag, SettingsChange::NewAppointments);
            put.one("cancellations", flag, SettingsChange::Cancellations);
            put.one("payment_notifications", flag, SettingsChange::PaymentNotifications);
        });
        let mut put = Reader { fields, changes: &mut changes };
        let insurer = |t: &str| rules::required_line(t, INSURER);
        put.one("accepted_insurances", list(MAX_INSURERS, insurer), SettingsChange::Insurers);
        put.one("address", text(|t| rules::block(t, ADDRESS)), SettingsChange::Address);
        put.one("about", text(|t| rules::block(t, ABOUT)), SettingsChange::About);
        Some(Self {
            consultation_settings: (),
            availability: (),
            notification_preferences: (),
            accepted_insurances: (),
            address: (),
            about: (),
            changes,
        })
    }
}

/// Reads fields that are there into changes.
struct Reader<'r, 'a> {
    fields: &'r mut Fields<'a>,
    changes: &'r mut Vec<SettingsChange>,
}

impl Reader<'_, '_> {
    fn one<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Parsed<T>,
        change: fn(T) -> SettingsChange,
    ) {
        self.changes.extend(self.fields.optional(name, read).flatten().map(change));
    }

    fn list<T>(
        &mut self,
        name: &'static str,
        max: usize,
        read: impl Fn(&mut Fields<'_>) -> Option<T>,
        change: fn(Vec<T>) -> SettingsChange,
    ) {
        self.changes.extend(self.fields.objects(name, max, read).flatten().map(change));
    }
}

fn flag(value: &Value) -> Parsed<bool> {
    value.as_bool().ok_or(Violation::Type)
}

fn fee(value: &Value) -> Parsed<Rials> {
    let amount = integer(0, Rials::MOST)(value)?;
    Rials::new(amount).ok_or(Violation::Range(0, Rials::MOST))
}

fn duration(value: &Value) -> Parsed<i64> {
    integer(DURATIONS.0, DURATIONS.1)(value).and_then(schedule::duration)
}

fn buffer(value: &Value) -> Parsed<i64> {
    integer(BUFFERS.0, BUFFERS.1)(value).and_then(schedule::buffer)
}

fn break_time(fields: &mut Fields<'_>) -> Option<Break> {
    let start = fields.required("start", text(TimeOfDay::parse));
    let end = fields.required("end", text(TimeOfDay::parse_end));
    let made = Break::new(start?, end?);
    made.map_err(|violation| fields.violated("end", violation)).ok()
}

fn leave(fields: &mut Fields<'_>) -> Option<Leave> {
    let from = fields.required("from", text(days::parse));
    let to = fields.required("to", text(days::parse));
    let made = Leave::new(from?, to?);
    made.map_err(|violation| fields.violated("to", violation)).ok()
}
