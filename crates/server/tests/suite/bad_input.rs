//! Whatever is sent: the answer is a 4xx in the one envelope, and nothing is written.

use axum::http::Method;
use db::sql;
use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Answer, Call, Engine, TestApp, User,
    users::{new_address, new_phone},
};

use crate::{
    doctors::{self, DOCTORS, entry},
    frame::{assert_enveloped, over_socket},
};

const PROFILE: &str = "/api/v1/patients/profile/";
const LOGIN: &str = "/api/v1/auth/login/otp/";
const USERS: &str = "/api/v1/admin/users/";
const JSON: &str = "application/json";

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

/// No JSON at all.
const UNREADABLE: &[&[u8]] = &[
    b"",
    b" ",
    b"{",
    b"}",
    b"[",
    b"\"",
    b"{\"a\":}",
    b"{\"a\" 1}",
    b"{\"a\":1,}",
    b"{'a':1}",
    b"{a:1}",
    b"{} {}",
    b"{}x",
    b"nul",
    b"NaN",
    b"{\"a\":Infinity}",
    b"{\"a\":01}",
    b"{\"a\":1e400}",
    b"{\"a\":-1e400}",
    b"\0",
    b"{}\0",
    // a raw control character, half an escape
    b"{\"a\":\"\x01\"}",
    b"{\"a\":\"\\x00\"}",
    b"{\"a\":\"\\u00\"}",
    // surrogates alone, and the wrong way round
    b"{\"a\":\"\\ud800\"}",
    b"{\"a\":\"\\udc00\"}",
    b"{\"a\":\"\\ud800\\u0041\"}",
    b"{\"a\":\"\\udc00\\ud800\"}",
    // a byte order mark; UTF-16; no UTF-8; an overlong slash; a surrogate in UTF-8
    b"\xEF\xBB\xBF{}",
    b"\xFF\xFE{\0}\0",
    b"{\"a\":\"\xFF\xFE\"}",
    b"{\"a\":\"\xC0\xAF\"}",
    b"{\"a\":\"\xED\xA0\x80\"}",
    b"{\"\xFF\":1}",
];

/// JSON, and no object.
const NO_OBJECTS: [&str; 9] =
    ["[]", "[{}]", "\"x\"", "1", "-1", "null", "true", "1e30", "1000000000000000000000000000000"];

/// What a field takes.
#[derive(Clone, Copy)]
enum Kind {
    /// Any text.
    Text,
    /// A text of some form.
    Form,
    /// Any text: whether it is a token is not a matter of form.
    Token,
    /// 0 to 80.
    Whole,
    /// A number within bounds above zero.
    Measure,
    /// Texts.
    List,
    Object,
}

use Kind::{Form, List, Measure, Object, Text, Token, Whole};

const ASK_FIELDS: &[(&str, Kind)] = &[("phone_number", Form), ("channel", Form)];
const GUESS_FIELDS: &[(&str, Kind)] = &[("phone_number", Form), ("otp_code", Form)];
const TOKEN_FIELDS: &[(&str, Kind)] = &[("refresh", Token)];
const REASON_FIELDS: &[(&str, Kind)] = &[("reason", Text)];
const DOCTOR_FIELDS: &[(&str, Kind)] = &[
    ("first_name", Text),
    ("last_name", Text),
    ("medical_council_number", Form),
    ("specialty", Form),
    ("province", Text),
    ("city", Text),
    ("gender", Form),
    ("languages", List),
    ("experience_years", Whole),
];
const DOCTOR_NEEDS: &[&str] =
    &["phone_number", "first_name", "last_name", "medical_council_number", "specialty", "city"];
const PROFILE_FIELDS: &[(&str, Kind)] = &[
    ("id", Form),
    ("phone_number", Form),
    ("first_name", Text),
    ("last_name", Text),
    ("national_id", Form),
    ("date_of_birth", Form),
    ("gender", Form),
    ("email", Form),
    ("address", Object),
    ("address.province", Text),
    ("address.city", Text),
    ("address.postal_code", Form),
    ("address.address", Text),
    ("emergency_contact", Object),
    ("emergency_contact.name", Text),
    ("emergency_contact.relationship", Text),
    ("emergency_contact.phone_number", Form),
    ("medical_info", Object),
    ("medical_info.blood_type", Form),
    ("medical_info.height", Measure),
    ("medical_info.weight", Measure),
    ("medical_info.allergies", List),
    ("medical_info.chronic_diseases", List),
    ("medical_info.current_medications", List),
    ("insurance", Object),
    ("insurance.provider", Text),
    ("insurance.number", Text),
    ("insurance.expiry_date", Form),
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

/// An endpoint that takes JSON, and a body that it would take.
struct Endpoint {
    method: Method,
    path: String,
    token: Option<String>,
    valid: Value,
    needs: Vec<&'static str>,
    fields: Vec<(&'static str, Kind)>,
}

impl Endpoint {
    fn new(method: Method, path: &str, by: Option<&User>, valid: Value) -> Self {
        let token = by.map(|user| user.access.clone());
        Self { method, path: path.to_owned(), token, valid, needs: vec![], fields: vec![] }
    }

    fn with(mut self, needs: &[&'static str], fields: &[(&'static str, Kind)]) -> Self {
        self.needs = needs.to_vec();
        self.fields = fields.to_vec();
        self
    }

    fn call(&self, app: &TestApp) -> Call {
        let call = app.call(self.method.clone(), &self.path);
        match &self.token {
            Some(token) => call.bearer(token),
            None => call,
        }
    }

    /// For messages.
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// All that a refused request must leave as it is.
#[derive(Debug, PartialEq)]
struct Everything {
    rows: Vec<(String, i64)>,
    profile: Value,
    doctor: Value,
    messages: usize,
}

/// Some people, so that there is something to damage.
struct World {
    app: TestApp,
    patient: User,
    admin: User,
    doctor: String,
    other: User,
}

impl World {
    async fn new(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let (patient, admin, other) = (app.patient().await, app.admin().await, app.patient().await);
        let doctor = doctors::add(&app, &admin, &new_phone(), "7000001").await;
        let profile = json!({
            "first_name": "علی",
            "last_name": "محمدی",
            "national_id": "0499370899",
            "date_of_birth": "1370-01-01",
            "gender": "male",
            "medical_info": { "height": 175, "allergies": ["پنی\u{200C}سیلین"] },
        });
        let _ = app.put(PROFILE).by(&patient).json(&profile).send().await.expect(200);
        Self { app, patient, admin, doctor, other }
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        let (patient, admin) = (Some(&self.patient), Some(&self.admin));
        let (token, reason) =
            (json!({ "refresh": self.patient.refresh }), json!({ "reason": "شکایت بیمار" }));
        let doctor = format!("{DOCTORS}{}/", self.doctor);
        let suspend = format!("{doctor}suspend/");
        let block = format!("{USERS}{}/block/", self.other.id);
        let phone = new_phone();
        let ask = json!({ "phone_number": phone, "channel": "sms" });
        let guess = json!({ "phone_number": phone, "otp_code": "123456" });
        let new_doctor_fields = [ASK_FIELDS[..1].to_vec(), DOCTOR_FIELDS.to_vec()].concat();
        vec![
            Endpoint::new(Method::POST, LOGIN, None, ask).with(&["phone_number"], ASK_FIELDS),
            Endpoint::new(Method::POST, "/api/v1/auth/verify/otp/", None, guess)
                .with(&["phone_number", "otp_code"], GUESS_FIELDS),
            Endpoint::new(Method::POST, "/api/v1/auth/refresh/", None, token.clone())
                .with(&["refresh"], TOKEN_FIELDS),
            Endpoint::new(Method::POST, "/api/v1/auth/logout/", patient, token)
                .with(&["refresh"], TOKEN_FIELDS),
            Endpoint::new(Method::PUT, PROFILE, patient, json!({ "first_name": "رضا" }))
                .with(&[], PROFILE_FIELDS),
            Endpoint::new(Method::PATCH, PROFILE, patient, json!({ "first_name": "رضا" }))
                .with(&[], PROFILE_FIELDS),
            Endpoint::new(Method::POST, DOCTORS, admin, entry(&phone, "7000002"))
                .with(DOCTOR_NEEDS, &new_doctor_fields),
            Endpoint::new(Method::PATCH, &doctor, admin, json!({ "city": "شیراز" })).with(&[], DOCTOR_FIELDS),
            Endpoint::new(Method::POST, &suspend, admin, reason.clone()).with(&["reason"], REASON_FIELDS),
            Endpoint::new(Method::POST, &block, admin, reason).with(&["reason"], REASON_FIELDS),
        ]
    }

    async fn everything(&self) -> Everything {
        let rows = sql!(
            "SELECT CAST('users' AS TEXT), count(*) FROM users
             UNION ALL SELECT 'patients', count(*) FROM patients
             UNION ALL SELECT 'doctors', count(*) FROM doctors
             UNION ALL SELECT 'active doctors', count(*) FROM doctors WHERE status = 'active'
             UNION ALL SELECT 'sessions', count(*) FROM sessions
             UNION ALL SELECT 'ended sessions', count(*) FROM sessions WHERE revoked_at IS NOT NULL
             UNION ALL SELECT 'phone_blocks', count(*) FROM phone_blocks
             UNION ALL SELECT 'idempotency_keys', count(*) FROM idempotency_keys
             UNION ALL SELECT 'audit_log', count(*) FROM audit_log"
        );
        let doctor = format!("{DOCTORS}{}/", self.doctor);
        Everything {
            rows: self.app.app.db.all(rows, &[]).await.unwrap(),
            profile: self.app.get(PROFILE).by(&self.patient).send().await.expect(200).json,
            doctor: self.app.get(&doctor).by(&self.admin).send().await.expect(200).json,
            messages: self.app.inbox.messages(None).len(),
        }
    }
}

/// Refused with this status, in the envelope.
#[track_caller]
fn refused(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.json);
    assert_enveloped(answer, what);
}

/// Refused because of this field.
#[track_caller]
fn refused_field(answer: &Answer, field: &str, what: &str) {
    refused(answer, 422, what);
    assert_eq!(answer.code(), "VALIDATION_ERROR", "{what}");
    let told = &answer.json["error"]["details"]["field_errors"];
    assert!(told[field][0].as_str().is_some_and(|text| !text.is_empty()), "{what}: {told}");
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

/// The digits as Persian keyboards write them.
pub(crate) fn persian(digits: &str) -> String {
    digits
        .chars()
        .map(|c| c.to_digit(10).and_then(|d| char::from_u32(u32::from('۰') + d)).unwrap_or(c))
        .collect()
}

#[rstest]
#[tokio::test]
async fn a_body_that_is_no_json_is_malformed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    let deep_list = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_object = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let inside = format!("{{\"first_name\":{deep_list}}}");
    for endpoint in world.endpoints() {
        let name = endpoint.name();
        for body in UNREADABLE {
            let answer = endpoint.call(&world.app).body(JSON, *body).send().await;
            refused(&answer, 400, &format!("{name} {:?}", String::from_utf8_lossy(body)));
            assert_eq!(answer.code(), "MALFORMED_REQUEST", "{name}");
        }
        for (what, body) in [("deep list", &deep_list), ("deep object", &deep_object), ("inside", &inside)] {
            let answer = endpoint.call(&world.app).body(JSON, body.clone()).send().await;
            refused(&answer, 400, &format!("{name} {what}"));
        }
        for body in NO_OBJECTS {
            let answer = endpoint.call(&world.app).body(JSON, body).send().await;
            refused_field(&answer, "body", &format!("{name} {body}"));
        }
        assert_eq!(world.everything().await, before, "{name}");
    }
}

#[rstest]
#[tokio::test]
async fn a_body_of_ten_megabytes_is_too_large(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    let text = axum::body::Bytes::from(format!("{{\"first_name\":\"{}\"}}", "x".repeat(10 << 20)));
    let blanks = axum::body::Bytes::from(vec![b' '; 10 << 20]);
    for endpoint in world.endpoints() {
        for body in [&text, &blanks] {
            let answer = endpoint.call(&world.app).body(JSON, body.clone()).send().await;
            refused(&answer, 413, &endpoint.name());
            assert_eq!(answer.code(), "FILE_TOO_LARGE");
            assert_eq!(answer.json["error"]["details"], json!({ "max_bytes": 1 << 20 }));
        }
    }
    assert_eq!(world.everything().await, before);
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
async fn another_content_type_is_not_supported(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    for endpoint in world.endpoints() {
        for kind in [
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "application/jsonx",
            "json",
            ";",
            "",
        ] {
            let answer = endpoint.call(&world.app).body(kind, endpoint.valid.to_string()).send().await;
            refused(&answer, 415, &format!("{} {kind:?}", endpoint.name()));
            assert_eq!(answer.code(), "UNSUPPORTED_FORMAT");
        }
    }
    assert_eq!(world.everything().await, before);
    // all spellings of the right one are
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/problem+json"] {
        let call = world.app.patch(PROFILE).by(&world.patient);
        let _ = call.body(kind, r#"{"first_name":"علی"}"#).send().await.expect(200);
    }
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

#[rstest]
#[tokio::test]
async fn a_flood_of_headers_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    let flood =
        |call: Call, count: usize| (0..count).fold(call, |call, n| call.header(&format!("x-flood-{n}"), "x"));
    let large = "x".repeat(40 << 10);
    for endpoint in world.endpoints() {
        let call = || endpoint.call(&world.app).json(&endpoint.valid);
        for call in [flood(call(), 101), call().header("x-flood", &large), call().header("cookie", &large)] {
            let answer = call.send().await;
            refused(&answer, 431, &endpoint.name());
            assert_eq!(answer.code(), "HEADERS_TOO_LARGE");
        }
    }
    assert_eq!(world.everything().await, before);
    // a hundred are as many as may be
    let _ = flood(world.app.get("/health/live/"), 100).send().await.expect(200);
    refused(&flood(world.app.get("/health/live/"), 101).send().await, 431, "health");
    // and the same from outside
    for headers in [flood_lines(101), format!("x-flood: {large}\r\n")] {
        let request = format!("GET {PROFILE} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n");
        refused(&over_socket(&world.app, request.as_bytes()).await, 431, "over a socket");
    }
}

fn flood_lines(count: usize) -> String {
    (0..count).map(|n| format!("x-flood-{n}: x\r\n")).collect::<Vec<_>>().concat()
}

#[rstest]
#[tokio::test]
async fn whatever_authorization_says_it_is_no_token(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    let long = format!("Bearer {}", "x".repeat(8_000));
    let dots = format!("Bearer {}", ".".repeat(8_000));
    for value in [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer null",
        "Bearer a.b.c",
        "Bearer توکن",
        "Bearer \u{202E}",
        "Basic dXNlcjpwYXNzd29yZA==",
        "Digest username=\"x\"",
        "Token x",
        &world.patient.access,
        &format!("Basic {}", world.patient.access),
        &format!("Bearer {} {}", world.patient.access, world.patient.access),
        &format!("Bearer: {}", world.patient.access),
        &long,
        &dots,
    ] {
        let shown: String = value.chars().take(30).collect();
        for call in [
            world.app.get(PROFILE),
            world.app.patch(PROFILE).json(&json!({ "first_name": "رضا" })),
            world.app.post(DOCTORS).json(&entry("09121234567", "7000002")),
        ] {
            let answer = call.header("authorization", value).send().await;
            refused(&answer, 401, &shown);
            assert_eq!(answer.code(), "TOKEN_INVALID", "{shown}");
        }
    }
    assert_eq!(world.everything().await, before);
}

#[rstest]
#[tokio::test]
async fn header_values_that_are_no_text_break_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    for header in [
        "x-request-id",
        "accept-language",
        "accept-encoding",
        "user-agent",
        "origin",
        "x-forwarded-for",
        "x-client-version",
        "cookie",
        "authorization",
        "content-type",
    ] {
        let head = format!("GET {PROFILE} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{header}: ");
        for value in [&b"\xFF\xFE\xC0"[..], b"Bearer \xFF", "\u{202E}\u{200C}".as_bytes()] {
            let request = [head.as_bytes(), value, b"\r\n\r\n"].concat();
            refused(&over_socket(&world.app, &request).await, 401, header);
        }
    }
    // where the value matters, it is the request that is wrong
    let body = entry("09121234567", "7000002").to_string();
    for (header, status) in [("idempotency-key: \u{FF}", 400), ("content-type: application/\u{FF}", 415)] {
        let token = &world.admin.access;
        let length = body.len();
        let request = format!(
            "POST {DOCTORS} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
             content-length: {length}\r\n{header}\r\n\r\n{body}"
        );
        refused(&over_socket(&world.app, request.as_bytes()).await, status, header);
    }
    assert_eq!(world.everything().await, before);
}

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
