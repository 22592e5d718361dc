//! A visit comes back as it was written, under its own reference; a complaint is never kept in plain.

use std::sync::Arc;

use db::{Db, sql};
use domain::Rials;
use helssa_store::{
    Error, Keyring,
    visits::{self, Taken, Visit},
};
use rstest::rstest;
use testkit::{Engine, database};
use uuid::Uuid;

use crate::{
    assert_same,
    common::{
        by_hand,
        clinic::{by_id, cancel, enrol_both, hold, insert, paid, visit_id},
        contains, files, keys, ring,
    },
};

async fn by_pay_token(db: &Db, keys: &Arc<Keyring>, token: Uuid) -> Option<Visit> {
    db.read(Arc::clone(keys), move |c, keys| {
        Box::pin(async move { visits::by_pay_token(c, keys, token).await })
    })
    .await
    .unwrap()
}

#[rstest]
#[tokio::test]
async fn a_visit_comes_back_as_it_was_written(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let uninsured = Visit { insurer: None, insurance_number: String::new(), ..paid(2, doctor, patient, 30) };
    for (n, visit) in [(1, hold(1, doctor, patient, 0)), (2, uninsured)] {
        assert_eq!(insert(&db, &keys, &visit).await, Ok(()));
        assert_same(&by_id(&db, &keys, n).await.unwrap(), &visit);
        assert_same(&by_pay_token(&db, &keys, visit.pay_token).await.unwrap(), &visit);
        let locked = db
            .write(Arc::clone(&keys), move |tx, keys| {
                Box::pin(async move { visits::lock(tx, keys, visit_id(n)).await })
            })
            .await
            .unwrap();
        assert_same(&locked.unwrap(), &visit);
    }
    assert!(by_id(&db, &keys, 3).await.is_none());
    assert!(by_pay_token(&db, &keys, visit_id(1).0).await.is_none(), "an id is no token");
    assert_eq!(format!("{:?}", hold(1, doctor, patient, 0)), "Visit(***)");
}

#[rstest]
#[tokio::test]
async fn a_taken_reference_leaves_room_for_another(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let first = hold(1, doctor, patient, 0);
    assert_eq!(insert(&db, &keys, &first).await, Ok(()));
    let second = Visit { reference: first.reference, ..hold(2, doctor, patient, 30) };
    let tried = db
        .write((Arc::clone(&keys), second), |tx, (keys, visit)| {
            Box::pin(async move {
                let refused = visits::insert(tx, keys, visit).await?;
                let other = Visit { reference: "HLS-OTHER".into(), ..visit.clone() };
                Ok::<_, Error>((refused, visits::insert(tx, keys, &other).await?))
            })
        })
        .await
        .unwrap();
    assert_eq!(tried, (Err(Taken::Reference), Ok(())));
    assert_eq!(by_id(&db, &keys, 2).await.unwrap().reference, "HLS-OTHER");

    // nobody can choose another secret or id here: that is a fault
    let same_secret = Visit { pay_token: first.pay_token, ..hold(3, doctor, patient, 60) };
    let refused = db
        .write((Arc::clone(&keys), same_secret), |tx, (keys, visit)| {
            Box::pin(async move { visits::insert(tx, keys, visit).await })
        })
        .await;
    assert!(matches!(refused, Err(Error::Db(db::Error::Unique(_)))), "{refused:?}");
}

#[rstest]
#[tokio::test]
async fn nothing_of_a_complaint_is_kept_in_plain(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let visit = Visit {
        chief_complaint: "Zzcomplaint".into(),
        description: "Zzdescription".into(),
        insurance_number: "Zznumber".into(),
        ..hold(1, doctor, patient, 0)
    };
    assert_eq!(insert(&db, &keys, &visit).await, Ok(()));
    assert!(cancel(&db, &keys, 1, Rials::ZERO, "Zzreason").await);
    let kept: Vec<(Option<Vec<u8>>,)> = db
        .all(
            sql!(
                "SELECT chief_complaint FROM visits UNION ALL SELECT description FROM visits
                 UNION ALL SELECT insurance_number FROM visits UNION ALL SELECT reason FROM visits"
            ),
            &[],
        )
        .await
        .unwrap();
    assert_eq!(kept.len(), 4);
    let mut kept: Vec<u8> = kept.into_iter().flat_map(|(value,)| value.unwrap()).collect();
    kept.extend(files(folder.path()));
    for text in ["Zzcomplaint", "Zzdescription", "Zznumber", "Zzreason"] {
        assert!(!contains(&kept, text), "{text}");
    }
    let read = async |keys: Arc<Keyring>| {
        db.read(keys, |c, keys| Box::pin(async move { visits::by_id(c, keys, visit_id(1)).await })).await
    };
    let other = read(ring(&["k2"])).await;
    assert!(matches!(other, Err(Error::Stored { table: "visits", .. })), "without the key it does not open");
    by_hand(&db, sql!("UPDATE visits SET description = chief_complaint")).await.unwrap();
    let moved = read(keys).await;
    assert!(
        matches!(moved, Err(Error::Stored { table: "visits", column: "description", .. })),
        "it opened in another column"
    );
}
