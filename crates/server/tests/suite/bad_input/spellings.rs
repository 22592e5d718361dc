//! What looks odd and is right: numbers and codes in every spelling and script, half spaces in names.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::json;
use testkit::{
    Engine, TestApp,
    users::{new_address, new_phone},
};

use super::{LOGIN, PROFILE, World, persian};
use crate::doctors::DOCTORS;

#[rstest]
#[tokio::test]
async fn every_spelling_of_a_number_logs_in_one_user(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let mut ids = vec![];
    for spelling in [
        "+989121234567",
        "00989121234567",
        "989121234567",
        "09121234567",
        "9121234567",
        " 09121234567 ",
        "۰۹۱۲۱۲۳۴۵۶۷",
        "٠٩١٢١٢٣٤٥٦٧",
        "+۹۸۹۱۲۱۲۳۴۵۶۷",
    ] {
        // a number may be sent five codes an hour
        app.clock.advance(SignedDuration::from_mins(61));
        let address = new_address();
        let asked = json!({ "phone_number": spelling });
        let sent = app.post(LOGIN).from(&address).json(&asked).send().await.expect(200);
        assert_eq!(sent.text("/masked_phone"), "0912***4567");
        let login = app.verify(spelling, &app.code(spelling), &address).await.expect(200);
        assert_eq!(login.text("/user/phone_number"), "+989121234567", "{spelling}");
        assert_eq!(login.json["is_new_user"], json!(ids.is_empty()), "{spelling}");
        ids.push(login.text("/user/id"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_code_may_be_typed_in_persian_digits(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (phone, address) = (new_phone(), new_address());
    let _ = app.post(LOGIN).from(&address).json(&json!({ "phone_number": phone })).send().await.expect(200);
    let code = persian(&app.code(&phone));
    assert!(!code.is_ascii());
    let _ = app.verify(&phone, &format!(" {code} "), &address).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn half_spaces_in_names_are_kept(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let (first, last) = ("علی\u{200C}رضا", "حاجی\u{200C}زاده");
    let names = json!({ "first_name": first, "last_name": format!(" {last}\n") });
    let saved = world.app.patch(PROFILE).by(&world.patient).json(&names).send().await.expect(200);
    assert_eq!((saved.text("/first_name"), saved.text("/last_name")), (first.to_owned(), last.to_owned()));
    let read = world.app.get(PROFILE).by(&world.patient).send().await.expect(200);
    assert_eq!(read.json, saved.json);
    let doctor = format!("{DOCTORS}{}/", world.doctor);
    let changed = world.app.patch(&doctor).by(&world.admin).json(&names).send().await.expect(200);
    assert_eq!(
        (changed.text("/first_name"), changed.text("/last_name")),
        (first.to_owned(), last.to_owned())
    );
}
