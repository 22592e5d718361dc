//! Paths that name nothing, and queries that ask for nothing there is.

use rstest::rstest;
use serde_json::json;
use testkit::Engine;

use super::{USERS, World, refused, refused_field};
use crate::doctors::DOCTORS;

#[rstest]
#[tokio::test]
async fn a_path_that_names_nothing_is_not_found(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    let (id, long) = (&world.other.id, "a".repeat(60_000));
    for path in [
        "/api/v1/admin/users/x/",
        "/api/v1/admin/users/1/",
        "/api/v1/admin/users/-1/",
        "/api/v1/admin/users/%00/",
        "/api/v1/admin/users/%FF/",
        "/api/v1/admin/users/%/",
        "/api/v1/admin/users/%zz/",
        "/api/v1/admin/users/%2e%2e/",
        "/api/v1/admin/users/..",
        "/api/v1/admin/users/../doctors/",
        "/api/v1/admin/users/%E2%80%AE/",
        "/api/v1/admin/users/018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6/",
        "/api/v1/admin/users/018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6bc/",
        "/api/v1/admin/users/018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b%00/",
        "/api/v1//admin/users/",
        "/api//v1/admin/users/",
        "//api/v1/admin/users/",
        "/api/v1/admin/users//",
        "/api/v1/./admin/users/",
        "/api/v1/%61dmin/users/",
        "/API/v1/admin/users/",
        "/api/v1/%00",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/../../etc/passwd",
        &format!("/api/v1/admin/users/{id}x/"),
        &format!("/api/v1/admin/users/{id}/../"),
        &format!("/api/v1/admin/users//{id}/"),
        &format!("/api/v1/admin/users/{long}/"),
        &format!("/{long}"),
    ] {
        let shown: String = path.chars().take(80).collect();
        let answer = world.app.get(path).by(&world.admin).send().await;
        refused(&answer, 404, &shown);
        assert_eq!(answer.code(), "NOT_FOUND", "{shown}");
    }
    let reason = json!({ "reason": "شکایت بیمار" });
    for bad in ["x", "%00", "%FF", "..", "%2e%2e"] {
        for call in [
            world.app.patch(&format!("{DOCTORS}{bad}/")).json(&json!({ "city": "شیراز" })),
            world.app.post(&format!("{DOCTORS}{bad}/suspend/")).json(&reason),
            world.app.post(&format!("{DOCTORS}{bad}/reinstate/")),
            world.app.post(&format!("{USERS}{bad}/block/")).json(&reason),
            world.app.post(&format!("{USERS}{bad}/unblock/")),
            world.app.delete(&format!("/api/v1/auth/sessions/{bad}/")),
        ] {
            refused(&call.by(&world.admin).send().await, 404, bad);
        }
    }
    assert_eq!(world.everything().await, before);
}

#[rstest]
#[tokio::test]
async fn a_wrong_query_is_told_by_its_parameters_name(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    let huge = "1000000000000000000000000000000";
    let mut queries = vec![];
    for number in
        ["0", "-1", "abc", "1.5", "1e3", "0x10", "%00", "%FF", "%DB%B1", "9223372036854775808", huge]
    {
        queries.extend([("page", number), ("page_size", number)]);
    }
    queries.extend([("page", "1000000001"), ("page_size", "101")]);
    for (name, value) in &queries {
        for list in [DOCTORS, USERS] {
            let answer = world.app.get(&format!("{list}?{name}={value}")).by(&world.admin).send().await;
            refused_field(&answer, name, &format!("{list} {name}={value}"));
        }
    }
    for (path, name, value) in [
        (DOCTORS, "status", "garbage"),
        (DOCTORS, "status", "ACTIVE"),
        (USERS, "role", "root"),
        (USERS, "role", "%00"),
        (USERS, "phone_number", "garbage"),
        (USERS, "phone_number", "0912%00123456"),
        (USERS, "phone_number", "%E2%80%AE09121234567"),
        (USERS, "national_id", "1111111111"),
        (USERS, "national_id", huge),
        ("/dev/inbox/messages/", "phone_number", "garbage"),
    ] {
        let answer = world.app.get(&format!("{path}?{name}={value}")).by(&world.admin).send().await;
        refused_field(&answer, name, &format!("{path} {name}={value}"));
    }
    let all = format!("{USERS}?page=0&page_size=101&role=root&phone_number=x&national_id=x");
    let answer = world.app.get(&all).by(&world.admin).send().await;
    for name in ["page", "page_size", "role", "phone_number", "national_id"] {
        refused_field(&answer, name, "all at once");
    }
    assert_eq!(world.everything().await, before);
    // far past the end is an empty page, not an error
    let beyond = world.app.get(&format!("{DOCTORS}?page=1000000000&page_size=100")).by(&world.admin);
    assert_eq!(beyond.send().await.expect(200).json["results"], json!([]));
}
