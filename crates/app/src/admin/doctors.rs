//! The register of doctors: list, read, change, suspend, reinstate.

use std::sync::Arc;

use domain::{doctor::Status, ids::UserId, profile::Gender};
use store::{
    audit,
    doctors::{Doctor, Entry},
};

use super::{Page, Paged};
use crate::{App, By, Fault, fault::faults, jobs};

/// One change to an entry.
#[derive(Clone, Debug)]
pub enum DoctorChange {
    FirstName(String),
    LastName(String),
    CouncilNumber(String),
    Specialty(String),
    Province(String),
    City(String),
    Gender(Option<Gender>),
    Languages(Vec<String>),
    ExperienceYears(i64),
}

impl DoctorChange {
    const fn field(&self) -> &'static str {
        match self {
            Self::FirstName(_) => "first_name",
            Self::LastName(_) => "last_name",
            Self::CouncilNumber(_) => "medical_council_number",
            Self::Specialty(_) => "specialty",
            Self::Province(_) => "province",
            Self::City(_) => "city",
            Self::Gender(_) => "gender",
            Self::Languages(_) => "languages",
            Self::ExperienceYears(_) => "experience_years",
        }
    }

    fn apply(&self, to: &mut Entry) {
        match self.clone() {
            Self::FirstName(v) => to.first_name = v,
            Self::LastName(v) => to.last_name = v,
            Self::CouncilNumber(v) => to.council_number = v,
            Self::Specialty(v) => to.specialty = v,
            Self::Province(v) => to.province = v,
            Self::City(v) => to.city = v,
            Self::Gender(v) => to.gender = v,
            Self::Languages(v) => to.languages = v,
            Self::ExperienceYears(v) => to.experience_years = v,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// No such doctor.
    #[error("no such doctor")]
    NotFound,
    /// Another doctor has this council number.
    #[error("council number in use")]
    CouncilNumberInUse,
    /// Suspended (or active) already.
    #[error("nothing to change")]
    Conflict,
    #[error(transparent)]
    Fault(Fault),
}
faults!(DoctorError);

/// One page of all doctors.
pub async fn doctors(app: &App, status: Option<Status>, page: Page) -> Result<Paged<Doctor>, Fault> {
    let (count, items) = app
        .db
        .read((app, status, page), |c, (app, status, page)| {
            Box::pin(async move {
                Ok::<_, Fault>(store::doctors::page(c, &app.keys, *status, page.size, page.offset()).await?)
            })
        })
        .await?;
    Ok(Paged { count, items })
}

/// One doctor.
pub async fn doctor(app: &App, id: UserId) -> Result<Doctor, DoctorError> {
    app.db
        .read((app, id), |c, (app, id)| {
            Box::pin(
                async move { store::doctors::by_id(c, &app.keys, *id).await?.ok_or(DoctorError::NotFound) },
            )
        })
        .await
}

/// Changes parts of an entry; the doctor as they are afterwards.
pub async fn update_doctor(
    app: &Arc<App>,
    by: &By,
    id: UserId,
    changes: Vec<DoctorChange>,
) -> Result<Doctor, DoctorError> {
    let input = (Arc::clone(app), by.clone(), id, changes, app.clock.now());
    app.db
        .write(input, |tx, (app, by, id, changes, now)| {
            Box::pin(async move {
                let mut doctor =
                    store::doctors::lock(tx, &app.keys, *id).await?.ok_or(DoctorError::NotFound)?;
                for change in changes {
                    change.apply(&mut doctor.entry);
                }
                let number = &doctor.entry.council_number;
                if store::doctors::council_number_is_taken(tx, number, *id).await? {
                    return Err(DoctorError::CouncilNumberInUse);
                }
                // taken between the look and the change
                let saved = store::doctors::save(tx, *id, &doctor.entry, *now).await;
                if let Err(store::Error::Db(db::Error::Unique(_))) = saved {
                    return Err(DoctorError::CouncilNumberInUse);
                }
                saved?;
                let fields: Vec<_> = changes.iter().map(DoctorChange::field).collect();
                let event = by.event("doctor.update", Some(*id), fields.join(", "));
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok(doctor)
            })
        })
        .await
}

/// Suspends a doctor (their logins end, and they can't log in) or reinstates one.
pub async fn set_doctor_status(
    app: &Arc<App>,
    by: &By,
    id: UserId,
    status: Status,
    reason: String,
) -> Result<Doctor, DoctorError> {
    let now = app.clock.now();
    let input = (Arc::clone(app), by.clone(), id, status, reason, now);
    let (doctor, ended) = app
        .db
        .write(input, |tx, (app, by, id, status, reason, now)| {
            Box::pin(async move {
                let before = store::doctors::by_id(tx, &app.keys, *id).await?.ok_or(DoctorError::NotFound)?;
                store::blocks::lock(tx, &app.keys, &before.phone).await?;
                let changed = store::doctors::set_status(tx, *id, *status, *now).await?;
                let doctor = Doctor { status: *status, ..before };
                if !changed {
                    return Err(DoctorError::Conflict);
                }
                let (action, ended) = match status {
                    Status::Suspended => {
                        // patients don't pay for that
                        let job = (jobs::Kind::WithdrawVisits, &jobs::WithdrawVisits { doctor: *id });
                        jobs::enqueue(tx, app, job, *now, None, *now).await?;
                        ("doctor.suspend", store::sessions::revoke_all(tx, *id, *now).await?)
                    }
                    Status::Active => ("doctor.reinstate", vec![]),
                };
                audit::append(tx, &app.keys, &by.event(action, Some(*id), reason.as_str()), *now).await?;
                Ok::<_, DoctorError>((doctor, ended))
            })
        })
        .await?;
    app.revocations.note(ended, now);
    Ok(doctor)
}
