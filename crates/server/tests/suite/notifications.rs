//! What users were told: they list it, read it, and get it as a text.

use std::sync::Arc;

use domain::{
    Phone, SignedDuration,
    ids::{JobId, NotificationId, UserId},
};
use providers::{Delivery, Message, NotSent};
use rstest::rstest;
use serde_json::{Value, json};
use store::{jobs::NewJob, notifications::NewNotification};
use testkit::{Engine, TestApp, User};

pub(crate) const NOTIFICATIONS: &str = "/api/v1/notifications/";
pub(crate) const MESSAGE: &str = "ویزیت بعدی شما 30 دقیقه دیگر شروع می‌شود";

/// Tells a user something, as a use case does; its id. With a text, which a job sends.
pub(crate) async fn tell(app: &TestApp, user: &User, key: &str, by_sms: bool) -> String {
    let input = (Arc::clone(&app.app), UserId(user.id.parse().unwrap()), key.to_owned(), by_sms);
    let told = app.app.db.write(input, |tx, (app, user, key, by_sms)| {
        Box::pin(async move {
            let now = app.clock.now();
            let id = NotificationId::new(now, &*app.rng);
            let new = NewNotification {
                user: *user,
                kind: "appointment_reminder",
                message: MESSAGE,
                visit: None,
                unique_key: key,
            };
            assert!(store::notifications::insert(tx, &app.keys, id, &new, now).await?);
            if *by_sms {
                let payload = json!({ "notification": id });
                let job = NewJob { kind: "notifications.send_sms", payload, run_at: now, unique_key: None };
                store::jobs::enqueue(tx, JobId::new(now, &*app.rng), &job, now).await?;
            }
            Ok::<_, store::Error>(id)
        })
    });
    told.await.unwrap().to_string()
}

/// The texts (not codes) that this user got, newest first.
pub(crate) fn texts(app: &TestApp, user: &User) -> Vec<Message> {
    let mut messages = app.inbox.messages(Some(&Phone::parse(&user.phone).unwrap()));
    messages.retain(|message| message.kind != "otp");
    messages
}

async fn list(app: &TestApp, user: &User, query: &str) -> Value {
    app.get(&format!("{NOTIFICATIONS}{query}")).by(user).send().await.expect(200).json
}

fn ids(page: &Value) -> Vec<&str> {
    page["results"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn users_see_what_they_were_told_newest_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (patient, doctor) = (app.patient().await, app.doctor().await);
    let mut told = vec![];
    for key in ["a", "b", "c"] {
        told.insert(0, tell(&app, &patient, key, false).await);
        app.clock.advance(SignedDuration::from_secs(1));
    }
    let other = tell(&app, &doctor, "d", false).await;

    let page = list(&app, &patient, "").await;
    assert_eq!((&page["count"], &page["unread_count"]), (&json!(3), &json!(3)));
    assert_eq!((&page["next"], &page["previous"]), (&Value::Null, &Value::Null));
    assert_eq!(ids(&page), told);
    let item = json!({
        "id": told[2],
        "type": "appointment_reminder",
        "message": MESSAGE,
        "created_at": "2024-01-20T10:00:00Z",
        "is_read": false,
        "encounter_id": null,
    });
    assert_eq!(page["results"][2], item);
    assert_eq!(ids(&list(&app, &doctor, "").await), [other]);

    let page = list(&app, &patient, "?page_size=2&page=2").await;
    assert_eq!((ids(&page), &page["count"]), (vec![told[2].as_str()], &json!(3)));
    let first = json!("http://127.0.0.1:8000/api/v1/notifications/?page_size=2&page=1");
    assert_eq!(page["previous"], first);
}

#[rstest]
#[tokio::test]
async fn reading_one_is_noted_as_often_as_it_is_said(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (patient, other) = (app.patient().await, app.patient().await);
    let id = tell(&app, &patient, "a", false).await;
    let unread = tell(&app, &patient, "b", false).await;
    let read = format!("{NOTIFICATIONS}{id}/read/");
    let refused = app.post(&read).by(&other).send().await.expect(404);
    assert_eq!(refused.code(), "NOT_FOUND");
    for _ in 0..2 {
        let item = app.post(&read).by(&patient).send().await.expect(200).json;
        assert_eq!((&item["id"], &item["is_read"]), (&json!(id), &json!(true)));
    }
    let page = list(&app, &patient, "").await;
    assert_eq!((&page["count"], &page["unread_count"]), (&json!(2), &json!(1)));
    let page = list(&app, &patient, "?unread=true").await;
    assert_eq!((&page["count"], ids(&page)), (&json!(1), vec![unread.as_str()]));
    let page = list(&app, &patient, "?unread=false").await;
    assert_eq!(page["count"], 2, "all of them");
    let wrong = app.get(&format!("{NOTIFICATIONS}?unread=perhaps")).by(&patient).send().await.expect(422);
    assert!(wrong.json["error"]["details"]["field_errors"]["unread"].is_array());
}

#[rstest]
#[tokio::test]
async fn reading_all_leaves_other_peoples_alone(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (patient, other) = (app.patient().await, app.patient().await);
    for key in ["a", "b"] {
        let _ = tell(&app, &patient, key, false).await;
    }
    let _ = tell(&app, &other, "c", false).await;
    for _ in 0..2 {
        let answer = app.post("/api/v1/notifications/read-all/").by(&patient).send().await.expect(204);
        assert!(answer.bytes.is_empty());
    }
    assert_eq!(list(&app, &patient, "").await["unread_count"], 0);
    assert_eq!(list(&app, &patient, "?unread=true").await["results"], json!([]));
    assert_eq!(list(&app, &other, "").await["unread_count"], 1);
}

#[rstest]
#[tokio::test]
async fn a_text_is_sent_once_to_the_users_number(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (patient, other) = (app.patient().await, app.patient().await);
    let _ = tell(&app, &patient, "a", true).await;
    let _ = tell(&app, &other, "b", false).await;
    assert!(texts(&app, &patient).is_empty(), "nothing leaves before its job runs");
    assert_eq!(app::jobs::run_due(&app.app).await.unwrap(), 1);
    assert_eq!(app::jobs::run_due(&app.app).await.unwrap(), 0);
    let sent = texts(&app, &patient);
    let [text] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((text.text.as_str(), text.kind, text.channel), (MESSAGE, "appointment_reminder", "sms"));
    assert!(text.code.is_none());
    assert!(texts(&app, &other).is_empty());
}

#[rstest]
#[tokio::test]
async fn what_may_have_been_sent_is_not_sent_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let _ = tell(&app, &patient, "a", true).await;
    app.inbox.answer_texts(Some(Ok(Delivery::Unknown)));
    assert_eq!(app::jobs::run_due(&app.app).await.unwrap(), 1);
    app.inbox.answer_texts(None);
    app.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(app::jobs::run_due(&app.app).await.unwrap(), 0);
    assert!(texts(&app, &patient).is_empty());
}

#[rstest]
#[tokio::test]
async fn a_text_that_can_never_be_sent_is_dead_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    for (key, refusal) in
        [("a", NotSent::Operator("status 418".into())), ("b", NotSent::Recipient("status 411".into()))]
    {
        let _ = tell(&app, &patient, key, true).await;
        app.inbox.answer_texts(Some(Err(refusal)));
        assert_eq!(app::jobs::run_due(&app.app).await.unwrap(), 1);
        app.clock.advance(SignedDuration::from_secs(1));
    }
    let dead = app.get("/api/v1/admin/jobs/?status=dead").by(&app.admin().await).send().await.expect(200);
    let jobs = dead.json["results"].as_array().unwrap();
    let errors: Vec<_> = jobs.iter().map(|job| (&job["last_error"], &job["attempts"])).collect();
    let (operator, recipient) = (json!("operator: status 418"), json!("recipient: status 411"));
    assert_eq!(errors, [(&operator, &json!(1)), (&recipient, &json!(1))]);
}
