//! What admins make of the lists. Each change, and each repetition of one, is in the audit log.

use std::sync::Arc;

use store::{
    audit,
    reference::{self, City, Insurer, Specialty},
};

use crate::{App, By, Fault};

const ACTION: &str = "reference.update";

/// Adds a specialty or changes it; its doctors are found with its new title from then on.
pub async fn save_specialty(app: &Arc<App>, by: &By, specialty: Specialty) -> Result<(), Fault> {
    let input = (Arc::clone(app), by.clone(), specialty, app.clock.now());
    app.db
        .write(input, |tx, (app, by, specialty, now)| {
            Box::pin(async move {
                reference::save_specialty(tx, specialty, *now).await?;
                let event = by.event(ACTION, None, format!("specialty {}", specialty.code));
                Ok::<_, Fault>(audit::append(tx, &app.keys, &event, *now).await?)
            })
        })
        .await
}

/// Adds a city, or says whether it can be chosen.
pub async fn save_city(app: &Arc<App>, by: &By, city: City) -> Result<(), Fault> {
    let input = (Arc::clone(app), by.clone(), city, app.clock.now());
    app.db
        .write(input, |tx, (app, by, city, now)| {
            Box::pin(async move {
                reference::save_city(tx, city, *now).await?;
                let event = by.event(ACTION, None, format!("city {}, {}", city.province, city.city));
                Ok::<_, Fault>(audit::append(tx, &app.keys, &event, *now).await?)
            })
        })
        .await
}

/// Adds an insurer or changes it; the share of visits that are booked already stays (D20).
pub async fn save_insurer(app: &Arc<App>, by: &By, insurer: Insurer) -> Result<(), Fault> {
    let input = (Arc::clone(app), by.clone(), insurer, app.clock.now());
    app.db
        .write(input, |tx, (app, by, insurer, now)| {
            Box::pin(async move {
                reference::save_insurer(tx, insurer, *now).await?;
                let event = by.event(ACTION, None, format!("insurer {}", insurer.name));
                Ok::<_, Fault>(audit::append(tx, &app.keys, &event, *now).await?)
            })
        })
        .await
}
