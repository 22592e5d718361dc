//! Tokens that are not ours, not alive, or not for this: 401 each (D15).

use domain::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rstest::rstest;
use serde_json::{Value, json};
use store::keyring::derive;
use testkit::{Engine, TestApp, User};

/// The server's own signing secret, as an attacker must never have it.
fn own_secret(app: &TestApp) -> (String, [u8; 32]) {
    let key = &app.settings.secrets.token_keys[0];
    (key.kid.clone(), derive(&key.secret, b"helssa tokens v1"))
}

fn payload(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn sign(claims: &Value, header: &Header, secret: &[u8]) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn encode(value: &Value) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, value.to_string())
}

async fn status(app: &TestApp, token: &str) -> (u16, String) {
    let answer = app.get("/api/v1/patients/profile/").bearer(token).send().await;
    (answer.status, answer.code().to_owned())
}

#[rstest]
#[tokio::test]
async fn crooked_tokens_are_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let user: User = app.patient().await;
    let (kid, secret) = own_secret(&app);
    let claims = payload(&user.access);
    let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
    // proof that the forge works: the same claims, signed with the right key, pass
    assert_eq!(status(&app, &sign(&claims, &header, &secret)).await.0, 200);

    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        sign(&claims, &header, &secret)
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        sign(&claims, &header, &secret)
    };
    let other_header = |change: fn(&mut Header)| {
        let mut header = header.clone();
        change(&mut header);
        sign(&claims, &header, &secret)
    };
    let [head, body, signature] = <[&str; 3]>::try_from(user.access.split('.').collect::<Vec<_>>()).unwrap();
    let none = |alg: &str| format!("{}.{body}.", encode(&json!({ "alg": alg, "typ": "JWT", "kid": kid })));
    let rs256 = encode(&json!({ "alg": "RS256", "typ": "JWT", "kid": kid }));
    let crooked = [
        ("none", none("none")),
        ("None", none("None")),
        ("nOnE with a signature", format!("{}{signature}", none("nOnE"))),
        ("RS256 over an HMAC", format!("{rs256}.{body}.{signature}")),
        ("HS384", other_header(|h| h.alg = Algorithm::HS384)),
        ("HS512", other_header(|h| h.alg = Algorithm::HS512)),
        ("another key of the same name", sign(&claims, &header, &[7; 32])),
        (
            "the secret before derivation",
            sign(&claims, &header, app.settings.secrets.token_keys[0].secret.expose()),
        ),
        ("an unknown key", other_header(|h| h.kid = Some("other".into()))),
        ("no key", other_header(|h| h.kid = None)),
        ("a path as a key", other_header(|h| h.kid = Some("../../dev/null".into()))),
        ("another kind of token", other_header(|h| h.typ = Some("at+jwt".into()))),
        ("another audience", with("aud", json!("other"))),
        ("no audience", without("aud")),
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("no issuer", without("iss")),
        ("no subject", without("sub")),
        ("no session", without("sid")),
        ("no end", without("exp")),
        ("expired", with("exp", json!(1_000_000_000))),
        ("from the future", with("iat", json!(9_999_999_999_i64))),
        ("an unknown role", with("role", json!("root"))),
        ("a refresh token as access", with("token_type", json!("refresh"))),
        ("the refresh token itself", user.refresh.clone()),
        ("a changed payload", format!("{head}.{}.{signature}", encode(&with_role(&claims)))),
        ("a cut signature", user.access[..user.access.len() - 2].to_owned()),
        ("no signature", format!("{head}.{body}.")),
        ("two parts", format!("{head}.{body}")),
        ("four parts", format!("{}.x", user.access)),
        ("nothing", String::new()),
        ("dots", "..".into()),
    ];
    for (what, token) in crooked {
        assert_eq!(status(&app, &token).await, (401, "TOKEN_INVALID".to_owned()), "{what}");
    }
    assert_eq!(status(&app, &user.access).await.0, 200, "the real one still passes");
}

fn with_role(claims: &Value) -> Value {
    let mut claims = claims.clone();
    claims["role"] = json!("admin");
    claims
}

#[rstest]
#[tokio::test]
async fn tokens_live_as_long_as_documented(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let refresh = |token: &str| app.post("/api/v1/auth/refresh/").json(&json!({ "refresh": token })).send();
    app.clock.advance(SignedDuration::from_secs(3_599));
    assert_eq!(status(&app, &user.access).await.0, 200);
    app.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(status(&app, &user.access).await.0, 401);
    let renewed = refresh(&user.refresh).await.expect(200);
    assert_eq!(status(&app, &renewed.text("/access")).await.0, 200);
    app.clock.advance(SignedDuration::from_secs(604_800 - 3_600));
    assert_eq!(refresh(&user.refresh).await.expect(401).code(), "TOKEN_INVALID");
}

#[rstest]
#[tokio::test]
async fn refresh_ignores_authorization_and_takes_refresh_tokens_only(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let refresh = json!({ "refresh": user.refresh });
    let call = || app.post("/api/v1/auth/refresh/");
    let _ = call().bearer("garbage").json(&refresh).send().await.expect(200);
    let _ = call().header("authorization", "Basic x").json(&refresh).send().await.expect(200);
    let access = call().json(&json!({ "refresh": user.access })).send().await.expect(401);
    assert_eq!(access.code(), "TOKEN_INVALID");
}

#[rstest]
#[tokio::test]
async fn a_new_key_signs_and_the_old_one_still_opens(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let mut keys = app.settings.secrets.token_keys.clone();
    let new = store::keyring::Key { kid: "new".into(), secret: domain::Secret::new([9; 32]) };
    keys.insert(0, new.clone());
    let tokens =
        |keys: &[store::keyring::Key]| app::tokens::Tokens::new(app.app.tokens.settings().clone(), keys);
    let now = domain::Clock::now(&*app.clock);
    let check = |tokens: &app::tokens::Tokens, token: &str| {
        tokens.check(token, app::tokens::TokenType::Access, now).is_ok()
    };
    assert!(check(&tokens(&keys), &user.access), "rotated in");
    assert!(!check(&tokens(&[new]), &user.access), "the old one was taken away");
}

#[rstest]
#[tokio::test]
async fn an_access_token_never_outlives_its_login(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    app.clock.advance(SignedDuration::from_secs(604_800 - 60));
    let renewed = app.post("/api/v1/auth/refresh/").json(&json!({ "refresh": user.refresh })).send().await;
    let renewed = renewed.expect(200);
    assert_eq!(renewed.json["access_expires_in"], 60);
    assert_eq!(status(&app, &renewed.text("/access")).await.0, 200);
    app.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(status(&app, &renewed.text("/access")).await.0, 401);
}
