//! Whatever is typed into any parameter is found or refused, and breaks nothing.

use rstest::rstest;
use serde_json::json;
use testkit::Engine;

use super::{Register, SEARCH, ask};
use crate::frame::assert_enveloped;

/// What somebody may type who means no good.
const CROOKED: &[&str] = &[
    "' OR '1'='1",
    "'; DROP TABLE doctors; --",
    "\" OR \"\"=\"",
    "%",
    "_",
    "*",
    "\\",
    "\\'",
    "?1",
    "$1",
    "NULL",
    "NEAR(\"a\", 5)",
    "a AND NOT b*",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/x}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "\u{0}",
    "a\u{0}b",
    "a\u{1B}[31mb",
    "a\u{202E}b",
    "\u{FEFF}",
    "a\nb",
    "\u{1FA7A}\u{2764}\u{FE0F}\u{200D}\u{1FA79}",
    "\u{1D54F}",
    "ﷺﷲ",
    "e\u{301}\u{301}\u{301}",
    "\u{200C}\u{200C}\u{200C}",
    "و و و و و و و و و و",
    "-1",
    "NaN",
    "1e308",
    "99999999999999999999",
    "true",
    "[]",
    "{}",
];

const PARAMETERS: [&str; 10] = [
    "q",
    "specialty",
    "city",
    "gender",
    "online_available",
    "insurance_accepted",
    "min_rating",
    "sort_by",
    "page",
    "page_size",
];

#[rstest]
#[tokio::test]
async fn whatever_is_typed_is_found_or_refused_and_breaks_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut register = Register::open(engine).await;
    let maryam = register.add(("مریم", "رضایی"), &json!({})).await.0;
    let long = [
        "a".repeat(10_000),
        "ا".repeat(10_000),
        "ا ".repeat(5_000),
        "مریم ".repeat(1_000),
        "%".repeat(10_000),
        "a".repeat(101),
    ];
    for name in PARAMETERS {
        for value in CROOKED.iter().copied() {
            let answer = ask(&register.app, &register.patient, &[(name, value)]).await;
            if answer.status == 200 {
                let results = answer.json["results"].as_array().unwrap();
                assert_eq!(answer.json["count"], json!(results.len()), "{name} {value:?}");
            } else {
                assert_eq!(answer.status, 422, "{name} {value:?}");
                assert_enveloped(&answer, value);
                let told = &answer.json["error"]["details"]["field_errors"];
                assert!(told[name][0].is_string(), "{name} {value:?}: {told}");
            }
        }
        for value in &long {
            let answer = ask(&register.app, &register.patient, &[(name, value.as_str())]).await.expect(422);
            assert!(answer.json["error"]["details"]["field_errors"][name][0].is_string(), "{name}");
            assert!(answer.bytes.len() < 2_000, "nothing is repeated at length");
        }
    }
    for text in ["' OR '1'='1", "'; DROP TABLE doctors; --", "NEAR(\"a\", 5)", "${jndi:ldap://127.0.0.1/x}"] {
        assert!(register.text(text).await.is_empty(), "{text}");
    }
    // a hundred characters of words without end, and what is no text at all
    let longest = "ا ب ".repeat(25);
    assert!(register.text(longest.trim_end()).await.is_empty());
    for raw in ["?q=%FF%FE", "?q=%C0%AF", "?q=%", "?q=%zz", "?%00=1", "?&&&=&=&q", "?q=a&q=b&q[]=c"] {
        let answer = register.app.get(&format!("{SEARCH}{raw}")).by(&register.patient).send().await;
        assert!(matches!(answer.status, 200 | 400 | 422), "{raw}: {}", answer.json);
    }
    assert_eq!(register.text("مریم").await, [&*maryam]);
}
