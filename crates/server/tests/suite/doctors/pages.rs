//! Lists are walked by their links, which begin with the public base under every spelling.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User, users::new_phone};

use super::{DOCTORS, add, ids, one};
use crate::frame::over_socket;

/// Follows `next` from here to the end; all ids on the way.
async fn walk(app: &TestApp, admin: &User, first: &str, server: &str) -> Vec<String> {
    let (mut found, mut next) = (vec![], Some(first.to_owned()));
    while let Some(path) = next {
        let page = app.get(&path).by(admin).send().await.expect(200).json;
        found.extend(ids(&page));
        next = page["next"].as_str().map(|link| link.strip_prefix(server).unwrap().to_owned());
    }
    found
}

#[rstest]
#[tokio::test]
async fn pages_can_be_walked_by_their_links(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let mut all = vec![];
    for n in 1..=5 {
        all.push(add(&app, &admin, &new_phone(), &format!("700000{n}")).await);
    }
    all.sort_unstable();
    let list = |query: &str| app.get(&format!("{DOCTORS}{query}")).by(&admin).send();
    let base = "http://127.0.0.1:8000/api/v1/admin/doctors/";

    let first = list("?page_size=2").await.expect(200).json;
    assert_eq!((&first["count"], ids(&first)), (&json!(5), all[..2].to_vec()));
    assert_eq!(first["next"], json!(format!("{base}?page_size=2&page=2")));
    assert_eq!(first["previous"], Value::Null);

    let last = list("?page=3&page_size=2").await.expect(200).json;
    assert_eq!((ids(&last), &last["next"]), (all[4..].to_vec(), &Value::Null));
    assert_eq!(last["previous"], json!(format!("{base}?page_size=2&page=2")));

    let beyond = list("?page=9&page_size=2").await.expect(200).json;
    assert_eq!((&beyond["count"], &beyond["results"]), (&json!(5), &json!([])));
    assert_eq!(beyond["next"], Value::Null);
    assert_eq!(beyond["previous"], json!(format!("{base}?page_size=2&page=3")), "back to the last one");

    let exact = list("?page_size=5").await.expect(200).json;
    assert_eq!((ids(&exact), &exact["next"]), (all.clone(), &Value::Null));
    let default = list("").await.expect(200).json;
    assert_eq!((ids(&default), &default["next"]), (all.clone(), &Value::Null));

    let walked = walk(&app, &admin, &format!("{DOCTORS}?page_size=2"), "http://127.0.0.1:8000").await;
    assert_eq!(walked, all);
}

#[rstest]
#[tokio::test]
async fn links_begin_with_the_public_base(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::with(engine, |settings| {
        settings.public_api_url = "https://api.helssa.ir/v1".into();
    })
    .await;
    let admin = app.admin().await;
    let mut all = vec![];
    for n in 1..=3 {
        all.push(add(&app, &admin, &new_phone(), &format!("700000{n}")).await);
    }
    all.sort_unstable();
    for path in [DOCTORS, "/api/v1/admin/doctors", "/v1/admin/doctors/", "/v1/admin/doctors"] {
        let first = format!("{path}?status=active&page_size=1");
        let page = app.get(&first).by(&admin).send().await.expect(200);
        let next = "https://api.helssa.ir/v1/admin/doctors/?status=active&page_size=1&page=2";
        assert_eq!(page.text("/next"), next, "{path}");
        // what is public as https://api.helssa.ir/v1/… arrives as /v1/…
        assert_eq!(walk(&app, &admin, &first, "https://api.helssa.ir").await, all, "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn links_are_the_same_over_a_real_socket(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::with(engine, |settings| {
        settings.public_api_url = "https://api.helssa.ir/v1".into();
    })
    .await;
    let admin = app.admin().await;
    for n in 1..=2 {
        let _ = add(&app, &admin, &new_phone(), &format!("700000{n}")).await;
    }
    for path in [DOCTORS, "/api/v1/admin/doctors", "/v1/admin/doctors/", "/v1/admin/doctors"] {
        let request = format!(
            "GET {path}?page_size=1 HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
             authorization: Bearer {}\r\n\r\n",
            admin.access
        );
        let page = over_socket(&app, request.as_bytes()).await.expect(200);
        let next = "https://api.helssa.ir/v1/admin/doctors/?page_size=1&page=2";
        assert_eq!(page.text("/next"), next, "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn a_list_shows_those_of_one_status(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let active = add(&app, &admin, &new_phone(), "7000001").await;
    let suspended = add(&app, &admin, &new_phone(), "7000002").await;
    let reason = json!({ "reason": "شکایت بیمار" });
    let _ =
        app.post(&format!("{}suspend/", one(&suspended))).by(&admin).json(&reason).send().await.expect(200);
    for (status, expected) in [("active", active), ("suspended", suspended)] {
        let path = format!("{DOCTORS}?status={status}");
        let page = app.get(&path).by(&admin).send().await.expect(200).json;
        assert_eq!((&page["count"], ids(&page)), (&json!(1), vec![expected]), "{status}");
        assert_eq!(page["results"][0]["status"], status);
    }
    let both = app.get(&format!("{DOCTORS}?status=")).by(&admin).send().await.expect(200);
    assert_eq!(both.json["count"], 2, "a form's empty field filters nothing");
    let other = app.get(&format!("{DOCTORS}?status=retired")).by(&admin).send().await.expect(422);
    assert!(other.json["error"]["details"]["field_errors"]["status"].is_array());
}
