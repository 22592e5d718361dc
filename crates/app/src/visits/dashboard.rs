//! The doctor's day at a glance (D25): numbers from visits and ratings; weeks begin on Saturday.

use domain::{SignedDuration, Timestamp, days};
use store::{
    notifications::Notification,
    visits::{ForDoctor, Stats},
};

use crate::{App, Caller, Fault};

/// Visits and notifications shown.
const SHOWN: i64 = 5;
/// A visit that is going on began at most so long ago; one that began before was forgotten.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

pub struct Dashboard {
    pub today: Stats,
    pub week: Stats,
    pub upcoming: Vec<ForDoctor>,
    pub notifications: Vec<Notification>,
    pub at: Timestamp,
}

/// Of the doctor who asks.
pub async fn dashboard(app: &App, caller: &Caller) -> Result<Dashboard, Fault> {
    let now = app.clock.now();
    let today = days::tehran_today(now);
    let saturday = days::week_start(today);
    let begin =
        |day: domain::Date, after: i64| days::tehran_midnight(day.saturating_add(days::span_of_days(after)));
    let day = (begin(today, 0), begin(today, 1));
    let week = (begin(saturday, 0), begin(saturday, 7));
    app.db
        .read((app, caller.user, day, week, now), |c, (app, doctor, day, week, now)| {
            Box::pin(async move {
                let today = store::visits::stats(c, *doctor, day.0, day.1, *now).await?;
                let week = store::visits::stats(c, *doctor, week.0, week.1, *now).await?;
                let since = *now - LONGEST;
                let upcoming = store::visits::upcoming(c, &app.keys, *doctor, since, SHOWN, *now).await?;
                let notifications = store::notifications::newest(c, &app.keys, *doctor, SHOWN).await?;
                Ok::<_, Fault>(Dashboard { today, week, upcoming, notifications, at: *now })
            })
        })
        .await
}
