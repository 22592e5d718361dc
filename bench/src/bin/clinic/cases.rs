//! What is asked, by whom.

use std::sync::Arc;

use domain::days;

use crate::{
    clinic::{Clinic, scaled},
    node::Node,
    people::{DOCTORS, PATIENTS, id, phone},
    report::Limits,
    searches,
};

/// People who log in.
const READERS: u32 = 200;
const BUSY: u32 = 100;
/// Days of slots, today included.
const DAYS: i64 = 30;

const SEARCH: Limits = Limits { median: 5.0, p99: Some(25.0) };
const SLOTS: Limits = Limits { median: 5.0, p99: None };
const LISTS: Limits = Limits { median: 3.0, p99: None };

/// One kind of request, with several that take turns.
pub struct Case {
    pub what: &'static str,
    pub asked: Vec<Asked>,
    pub most: Limits,
}

/// A `GET`.
pub struct Asked {
    pub path: String,
    pub token: Arc<str>,
}

/// Logs in who asks; their tokens live an hour.
pub async fn all(node: &Node, clinic: &Clinic) -> Vec<Case> {
    let mut patients: Vec<Arc<str>> = Vec::new();
    for n in 0..READERS {
        let patient = scaled(n, clinic.size.patients, READERS);
        patients.push(node.log_in(phone(PATIENTS, patient), n).await);
    }
    let mut doctors: Vec<Arc<str>> = Vec::new();
    for (n, doctor) in (READERS..).zip(clinic.busy_doctors(BUSY)) {
        doctors.push(node.log_in(phone(DOCTORS, doctor), n).await);
    }
    let asked = |paths: Vec<String>, tokens: &[Arc<str>]| {
        let tokens = tokens.iter().cycle();
        let asked =
            paths.into_iter().zip(tokens).map(|(path, token)| Asked { path, token: Arc::clone(token) });
        asked.collect::<Vec<_>>()
    };
    let mut cases: Vec<Case> = searches::all()
        .into_iter()
        .map(|search| {
            let paths = search.queries.iter().map(searches::path).collect();
            Case { what: search.what, asked: asked(paths, &patients), most: SEARCH }
        })
        .collect();
    let today = days::tehran_today(clinic.now);
    let until = today.saturating_add(days::span_of_days(DAYS - 1));
    let slots = |doctor| {
        format!(
            "/api/v1/patients/doctors/{}/slots/?from={today}&to={until}",
            id(DOCTORS, doctor).hyphenated()
        )
    };
    let slots: Vec<String> = clinic.busy_doctors(BUSY).map(slots).collect();
    cases.push(Case { what: "slots of 30 days", asked: asked(slots, &patients), most: SLOTS });
    let list = vec!["/api/v1/patients/encounters/".to_owned(); patients.len()];
    cases.push(Case { what: "a patient's list", asked: asked(list, &patients), most: LISTS });
    let board = vec!["/api/v1/doctors/dashboard/".to_owned(); doctors.len()];
    cases.push(Case { what: "dashboard", asked: asked(board, &doctors), most: LISTS });
    cases
}
