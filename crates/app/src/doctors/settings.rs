//! A doctor's own settings: read them, replace them, change parts of them.

use std::sync::Arc;

use db::Conn;
use domain::{
    Date, Rials, Violation,
    fold::fold,
    practice::Practice,
    schedule::{Break, Leave, Schedule, TimeOfDay, Weekday},
};
use store::{audit, practices, reference};

use crate::{App, By, Caller, Fault, Origin, fault::faults};

/// One change to a doctor's settings; the value was checked when it was read.
#[derive(Clone, Debug)]
pub enum SettingsChange {
    OnlineEnabled(bool),
    OnlineFee(Rials),
    InPersonEnabled(bool),
    InPersonFee(Rials),
    /// Minutes.
    Duration(i64),
    /// Minutes.
    Buffer(i64),
    WorkingDays(Vec<Weekday>),
    Start(TimeOfDay),
    End(TimeOfDay),
    Breaks(Vec<Break>),
    DaysOff(Vec<Date>),
    Leaves(Vec<Leave>),
    AppointmentReminders(bool),
    NewAppointments(bool),
    Cancellations(bool),
    PaymentNotifications(bool),
    /// In any spelling.
    Insurers(Vec<String>),
    Address(String),
    About(String),
}

impl SettingsChange {
    fn apply(&self, to: &mut Practice) {
        match self.clone() {
            Self::OnlineEnabled(v) => to.online_enabled = v,
            Self::OnlineFee(v) => to.online_fee = v,
            Self::InPersonEnabled(v) => to.in_person_enabled = v,
            Self::InPersonFee(v) => to.in_person_fee = v,
            Self::Duration(v) => to.schedule.duration = v,
            Self::Buffer(v) => to.schedule.buffer = v,
            Self::WorkingDays(v) => to.schedule.days = v,
            Self::Start(v) => to.schedule.start = v,
            Self::End(v) => to.schedule.end = v,
            Self::Breaks(v) => to.schedule.breaks = v,
            Self::DaysOff(v) => to.schedule.days_off = v,
            Self::Leaves(v) => to.schedule.leaves = v,
            Self::AppointmentReminders(v) => to.preferences.appointment_reminders = v,
            Self::NewAppointments(v) => to.preferences.new_appointments = v,
            Self::Cancellations(v) => to.preferences.cancellations = v,
            Self::PaymentNotifications(v) => to.preferences.payment_notifications = v,
            Self::Insurers(v) => to.insurers = v,
            Self::Address(v) => to.address = v,
            Self::About(v) => to.about = v,
        }
    }
}

/// What becomes of the settings that aren't named.
#[derive(Clone, Debug)]
pub enum SettingsUpdate {
    /// PUT: they become what they are before anything is set.
    Replace(Vec<SettingsChange>),
    /// PATCH: they stay.
    Merge(Vec<SettingsChange>),
}

impl SettingsUpdate {
    fn changes(&self) -> &[SettingsChange] {
        match self {
            Self::Replace(changes) | Self::Merge(changes) => changes,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// What was sent, together with what was there, does not fit: each field's name in the request and the
    /// rule that it breaks.
    #[error("settings that do not fit together")]
    Invalid(Vec<(String, Violation)>),
    /// An insurer that is not in the list, or not any more: choose from the list (`accepted_insurances`).
    #[error("unknown insurer")]
    UnknownInsurer,
    #[error(transparent)]
    Fault(Fault),
}
faults!(SettingsError);

/// The caller's own settings; the defaults where nothing was ever set.
pub async fn read_settings(app: &App, caller: &Caller) -> Result<Practice, Fault> {
    app.db
        .read(caller.user, |c, doctor| {
            Box::pin(async move { Ok::<_, Fault>(practices::of(c, *doctor).await?.unwrap_or_default()) })
        })
        .await
}

/// Changes the caller's own settings; the settings as they are afterwards.
pub async fn update_settings(
    app: &Arc<App>,
    caller: &Caller,
    update: SettingsUpdate,
    origin: &Origin,
) -> Result<Practice, SettingsError> {
    let input = (Arc::clone(app), caller.user, update, By::caller(caller, origin), app.clock.now());
    app.db
        .write(input, |tx, (app, doctor, update, by, now)| {
            Box::pin(async move {
                let before = practices::lock(tx, *doctor).await?.unwrap_or_default();
                let mut practice = match update {
                    SettingsUpdate::Replace(_) => Practice::default(),
                    SettingsUpdate::Merge(_) => before.clone(),
                };
                for change in update.changes() {
                    change.apply(&mut practice);
                }
                let wrong = practice.schedule.wrong();
                if !wrong.is_empty() {
                    let named = wrong.into_iter().map(|(name, v)| (format!("availability.{name}"), v));
                    return Err(SettingsError::Invalid(named.collect()));
                }
                if update.changes().iter().any(|change| matches!(change, SettingsChange::Insurers(_))) {
                    practice.insurers = listed(tx, &practice.insurers).await?;
                }
                practices::save(tx, *doctor, &practice, *now).await?;
                let detail = changed(&before, &practice).join(", ");
                let event = by.event("practice.update", Some(*doctor), detail);
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok(practice)
            })
        })
        .await
}

/// These insurers as the list spells them, each once.
async fn listed(tx: &Conn, names: &[String]) -> Result<Vec<String>, SettingsError> {
    let mut known = reference::insurers(tx).await?;
    known.retain(|insurer| insurer.is_active);
    let known: Vec<(String, String)> =
        known.into_iter().map(|insurer| (fold(&insurer.name), insurer.name)).collect();
    let mut listed = Vec::with_capacity(names.len());
    for name in names {
        let folded = fold(name);
        let found = known.iter().find(|(key, _)| *key == folded);
        let (_, name) = found.ok_or(SettingsError::UnknownInsurer)?;
        if !listed.contains(name) {
            listed.push(name.clone());
        }
    }
    Ok(listed)
}

/// The sections in which two settings differ, by the request's names.
fn changed(before: &Practice, after: &Practice) -> Vec<&'static str> {
    let consultation = |p: &Practice| {
        let fees = (p.online_fee, p.in_person_fee);
        (p.online_enabled, p.in_person_enabled, fees, p.schedule.duration, p.schedule.buffer)
    };
    let availability = |p: &Practice| Schedule { duration: 0, buffer: 0, ..p.schedule.clone() };
    let sections = [
        ("consultation_settings", consultation(before) != consultation(after)),
        ("availability", availability(before) != availability(after)),
        ("notification_preferences", before.preferences != after.preferences),
        ("accepted_insurances", before.insurers != after.insurers),
        ("address", before.address != after.address),
        ("about", before.about != after.about),
    ];
    sections.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}
