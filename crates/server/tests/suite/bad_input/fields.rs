//! Fields that are wrong, missing, unknown or told twice: each is told by its name.

use axum::http::Method;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Engine;

use super::{
    JSON, PROFILE, World,
    endpoints::Kind::{self, Form, List, Measure, Object, Text, Token, Whole},
    refused, refused_field,
};

/// No text may have these inside.
const DANGEROUS: [&str; 9] = [
    "a\0b",
    "a\u{1B}[31mb",
    "a\u{7F}b",
    "a\u{202A}b",
    "a\u{202E}b",
    "a\u{2066}b",
    "a\u{2067}b\u{2069}",
    "a\u{FEFF}b",
    "a\u{FFF9}b",
];

/// Values that a field of this kind refuses.
fn wrong(kind: Kind) -> Vec<Value> {
    let long = "x".repeat(100_000);
    let no_text = [
        json!(true),
        json!(5),
        json!(-1.5),
        json!(1e30),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({ "a": 1 }),
    ];
    let dangerous = DANGEROUS.map(Value::from);
    match kind {
        Text => [&no_text[..], &dangerous, &[json!(long)]].concat(),
        Form => [&no_text[..], &dangerous, &[json!(long), json!("Garbage!")]].concat(),
        Token => [&no_text[..], &[json!(long)]].concat(),
        Whole => vec![
            json!(true),
            json!(-1),
            json!(81),
            json!(1.5),
            json!(1e30),
            json!(i64::MIN),
            json!(u64::MAX),
            json!("x"),
            json!("15"),
            json!([]),
            json!({}),
        ],
        Measure => {
            vec![json!(true), json!(-1), json!(1e30), json!(u64::MAX), json!("175"), json!([]), json!({})]
        }
        List => {
            let mut lists: Vec<_> = DANGEROUS.iter().map(|text| json!([text])).collect();
            lists.extend([json!(true), json!(5), json!("x"), json!({}), json!([5]), json!([null])]);
            lists.extend([json!([[]]), json!([""]), json!(["x", " "]), json!([long]), json!(vec!["x"; 101])]);
            lists
        }
        Object => vec![json!(true), json!(5), json!("x"), json!([]), json!([{}])],
    }
}

/// Sets a field, inside an object where the name has a dot.
fn put(body: &mut Value, name: &str, value: Value) {
    match name.split_once('.') {
        Some((outer, inner)) => body[outer][inner] = value,
        None => body[name] = value,
    }
}

/// As much of a value as a message should show.
fn short(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

#[rstest]
#[tokio::test]
async fn a_wrong_value_is_told_by_its_fields_name(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    for endpoint in world.endpoints() {
        for (field, kind) in &endpoint.fields {
            for value in wrong(*kind) {
                let what = format!("{} {field} {}", endpoint.name(), short(&value));
                let mut body = endpoint.valid.clone();
                put(&mut body, field, value);
                let answer = endpoint.call(&world.app).json(&body).send().await;
                refused_field(&answer, field, &what);
                assert!(answer.bytes.len() < 2_000, "{what}: nothing is repeated at length");
            }
        }
        assert_eq!(world.everything().await, before, "{}", endpoint.name());
    }
}

#[rstest]
#[tokio::test]
async fn a_missing_field_is_told_by_its_name(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    for endpoint in world.endpoints() {
        for field in &endpoint.needs {
            let what = format!("{} {field}", endpoint.name());
            let mut body = endpoint.valid.clone();
            body[*field] = Value::Null;
            let answer = endpoint.call(&world.app).json(&body).send().await;
            refused_field(&answer, field, &what);
            body.as_object_mut().unwrap().remove(*field);
            let answer = endpoint.call(&world.app).json(&body).send().await;
            refused_field(&answer, field, &what);
        }
        // and all of them at once
        let answer = endpoint.call(&world.app).json(&json!({ "nonsense": 1 })).send().await;
        for field in endpoint.needs.iter().chain(&["nonsense"]) {
            refused_field(&answer, field, &endpoint.name());
        }
    }
    assert_eq!(world.everything().await, before);
}

#[rstest]
#[tokio::test]
async fn what_is_not_known_or_told_twice_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    for endpoint in world.endpoints() {
        let name = endpoint.name();
        for unknown in ["nonsense", "role", "__proto__", "constructor", "refresh.token", "0", "شماره"] {
            let mut body = endpoint.valid.clone();
            body[unknown] = json!("admin");
            let answer = endpoint.call(&world.app).json(&body).send().await;
            refused_field(&answer, unknown, &format!("{name} {unknown}"));
        }
        // a name of any length is not sent back
        let mut body = endpoint.valid.clone();
        body["x".repeat(100_000)] = json!(1);
        let answer = endpoint.call(&world.app).json(&body).send().await;
        refused(&answer, 422, &name);
        assert!(answer.bytes.len() < 2_000, "{name}: {}", answer.bytes.len());
        // the last of two counts, and it is wrong
        let valid = endpoint.valid.to_string();
        let field = endpoint.valid.as_object().unwrap().keys().next().unwrap();
        let twice = format!("{},\"{field}\":5}}", valid.strip_suffix('}').unwrap());
        let answer = endpoint.call(&world.app).body(JSON, twice).send().await;
        refused_field(&answer, field, &format!("{name} {field} twice"));
        assert_eq!(world.everything().await, before, "{name}");
    }
    for object in ["address", "emergency_contact", "medical_info", "insurance"] {
        for method in [Method::PUT, Method::PATCH] {
            let call = world.app.call(method, PROFILE).by(&world.patient);
            let answer = call.json(&json!({ object: { "nonsense": 1 } })).send().await;
            refused_field(&answer, &format!("{object}.nonsense"), object);
        }
    }
    assert_eq!(world.everything().await, before);
}

#[rstest]
#[tokio::test]
async fn a_token_of_any_text_is_just_no_token(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    for path in ["/api/v1/auth/refresh/", "/api/v1/auth/logout/"] {
        for text in DANGEROUS.into_iter().chain(["", " ", ".", "..", "a.b.c", "null", "\u{10FFFF}", "توکن"])
        {
            let body = json!({ "refresh": text });
            let answer = world.app.post(path).by(&world.patient).json(&body).send().await;
            refused(&answer, 401, &format!("{path} {text:?}"));
            assert_eq!(answer.code(), "TOKEN_INVALID");
        }
    }
    assert_eq!(world.everything().await, before);
}
