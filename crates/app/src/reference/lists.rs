//! The lists as everybody sees them: what is active, in the order of the Persian alphabet. The tables are
//! small and read each time, so an admin's change is seen at once on every node.

use store::reference::{City, Insurer, Specialty};

use super::alphabet::key;
use crate::{App, Fault};

/// The specialties that can be chosen.
pub async fn specialties(app: &App) -> Result<Vec<Specialty>, Fault> {
    let mut all = app
        .db
        .read((), |c, ()| Box::pin(async move { Ok::<_, Fault>(store::reference::specialties(c).await?) }))
        .await?;
    all.retain(|specialty| specialty.is_active);
    all.sort_by_cached_key(|specialty| key(&specialty.title));
    Ok(all)
}

/// The cities that can be chosen: of one province, or of all, which then are in order too.
pub async fn cities(app: &App, province: Option<String>) -> Result<Vec<City>, Fault> {
    let mut all = app
        .db
        .read(province, |c, province| {
            Box::pin(async move { Ok::<_, Fault>(store::reference::cities(c, province.as_deref()).await?) })
        })
        .await?;
    all.retain(|city| city.is_active);
    all.sort_by_cached_key(|city| (key(&city.province), key(&city.city)));
    Ok(all)
}

/// The insurers that can be chosen.
pub async fn insurers(app: &App) -> Result<Vec<Insurer>, Fault> {
    let mut all = app
        .db
        .read((), |c, ()| Box::pin(async move { Ok::<_, Fault>(store::reference::insurers(c).await?) }))
        .await?;
    all.retain(|insurer| insurer.is_active);
    all.sort_by_cached_key(|insurer| key(&insurer.name));
    Ok(all)
}
