//! No request goes through a whole table: each statement finds its rows by an index.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use common::source::statements;
use db::{Db, Param, Sql, sql};
use testkit::{Engine, database};

/// The statements that may go through a whole table or index, and why. A semicolon stands for the end.
const WALKS: &[(&str, &str)] = &[
    ("FROM sqlite_schema", "once, at the start"),
    ("FROM schema_version ORDER BY version;", "a row for each step of the schema, once, at the start"),
    ("SELECT CAST(1 AS BIGINT) FROM users LIMIT 1;", "the first there is"),
    ("SELECT count(*) FROM users;", "an admin's count of all"),
    ("ON b.phone_index = u.phone_index ORDER BY u.id LIMIT", "a page in the order of the keys"),
    ("SELECT count(*) FROM doctors WHERE CAST(?1 AS TEXT) IS NULL OR status = ?1;", "an admin's count"),
    ("CAST(?1 AS TEXT) IS NULL OR d.status = ?1 ORDER BY d.user_id LIMIT", "a page in the order of the keys"),
    ("FROM audit_log l LEFT JOIN audit_heads h", "verification"),
    ("SELECT count(*) FROM audit_log WHERE action = ?1;", "for tests alone"),
    ("SELECT count(*) FROM jobs;", "an admin's count: what is done is gone"),
    ("FROM jobs ORDER BY status, run_at, id LIMIT", "an admin's page in the order of an index"),
    ("SELECT status, count(*) FROM jobs GROUP BY status;", "what is done is gone"),
    ("FROM drugs ORDER BY code;", "the whole list, kept in memory"),
    ("FROM specialties ORDER BY title, code;", "the whole list, a small one"),
    ("FROM cities ORDER BY province, city;", "the whole list, a small one"),
    ("SELECT count(*) FROM discount_codes;", "an admin's count"),
    ("FROM discount_codes ORDER BY created_at DESC, code DESC LIMIT", "a page in the order of an index"),
    ("sum(balance), 0) AS BIGINT) FROM ledger_accounts;", "verification"),
    ("FROM payout_batches ORDER BY number DESC LIMIT", "a page in the order of an index"),
    ("SELECT count(*) FROM charges;", "an admin's count of all"),
    ("FROM charges ORDER BY id DESC LIMIT", "a page in the order of the keys"),
    ("FROM ledger_postings p ORDER BY p.id DESC LIMIT", "a page in the order of the keys"),
    ("FROM plans ORDER BY price, id;", "the whole list, a small one"),
    ("FROM insurers ORDER BY name;", "the whole list, a small one"),
];

/// The tables that grow with the number of people and visits, and that `FILL` fills.
const LARGE: &[&str] = &[
    "users",
    "patients",
    "doctors",
    "visits",
    "doctor_times",
    "patient_times",
    "notifications",
    "jobs",
    "prescriptions",
    "ratings",
];

/// Enough rows to make an index worth its while.
const FILL: &str = r"
INSERT INTO users (id, role, phone, phone_index, first_name, last_name, created_at, updated_at)
SELECT CAST(lpad(to_hex(n), 32, '0') AS UUID), (ARRAY['patient', 'doctor', 'staff', 'admin'])[1 + n % 4], '\x00',
       decode(lpad(to_hex(n), 8, '0'), 'hex'), '', '', 0, 0
FROM generate_series(1, 2000) AS numbers (n) ORDER BY md5(CAST(n AS TEXT));
INSERT INTO patients (user_id) SELECT id FROM users;
INSERT INTO doctors (user_id, council_number, specialty, province, city, languages, experience_years, status,
                     created_at, updated_at, changed_at)
SELECT CAST(lpad(to_hex(n), 32, '0') AS UUID), CAST(n AS TEXT), 'general', '', '', '[]', 0,
       CASE WHEN n % 2 = 0 THEN 'active' ELSE 'suspended' END, 0, 0, n
FROM generate_series(1, 1000) AS numbers (n);
INSERT INTO visits (id, doctor_id, patient_id, reference, visit_type, status, lane, starts_at, ends_at,
                    chief_complaint, description, total, insurance_share, patient_share, policy_version, free_until,
                    fee_percent, pay_token, paid, refunded, created_at, updated_at)
SELECT CAST(lpad(to_hex(n), 32, '0') AS UUID), CAST(lpad(to_hex(1 + n % 1000), 32, '0') AS UUID),
       CAST(lpad(to_hex(1 + n % 2000), 32, '0') AS UUID), CAST(n AS TEXT), 'online',
       CASE WHEN n % 10 = 0 THEN 'confirmed' ELSE 'completed' END, 0, n * CAST(1200000000 AS BIGINT),
       (n + 1) * CAST(1200000000 AS BIGINT), '\x00', '\x00', 0, 0, 0, 1, 0, 50,
       CAST(lpad(to_hex(n), 32, '0') AS UUID), 0, 0, 0, 0
FROM generate_series(1, 20000) AS numbers (n);
INSERT INTO notifications (id, user_id, kind, message, unique_key, created_at, read_at)
SELECT id, patient_id, 'test', '\x00', reference, starts_at, CASE WHEN status = 'completed' THEN starts_at END
FROM visits;
INSERT INTO jobs (id, kind, payload, status, run_at, attempts, created_at)
SELECT id, 'test', '{}', 'queued', starts_at, 0, 0 FROM visits;
INSERT INTO prescriptions (id, visit_id, doctor_id, patient_id, status, items, items_count, created_at, updated_at)
SELECT id, id, doctor_id, patient_id, 'draft', '\x00', 1, starts_at, 0 FROM visits;
INSERT INTO ratings (visit_id, doctor_id, patient_id, score, created_at)
SELECT id, doctor_id, patient_id, 5, starts_at FROM visits;
ANALYZE;
";

/// Plans that hold for all values; whole tables only where nothing else is possible.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off";

const FIRST_COLUMNS: Sql = sql!(
    sqlite: "SELECT '', ''",
    postgres: "SELECT CAST(indexname AS TEXT),
                      split_part(split_part(split_part(indexdef, '(', 2), ',', 1), ')', 1)
               FROM pg_indexes WHERE schemaname = 'public'"
);

/// What each index is sorted by.
type Columns = HashMap<String, String>;

/// Every statement of the program, and those of its triggers that look something up.
fn statements_and_triggers() -> Vec<(PathBuf, Sql)> {
    let of_triggers = [
        sql!("DELETE FROM doctor_times WHERE visit_id = ?1"),
        sql!("DELETE FROM patient_times WHERE visit_id = ?1"),
    ];
    statements().into_iter().chain(of_triggers.map(|sql| (PathBuf::from("0005_visits.sql"), sql))).collect()
}

#[tokio::test]
async fn no_statement_goes_through_a_table_of_sqlite() {
    let (db, _folder) = database::open(Engine::Sqlite).await;
    let mut found = Walks::default();
    for (file, sql) in statements_and_triggers() {
        let plan = sqlite_plan(&db, sql.sqlite).await;
        found.note(&file, &sql, &sqlite_walks(&plan));
    }
    found.assert_excused();
    let unused: Vec<&str> =
        WALKS.iter().map(|(part, _)| *part).filter(|part| !found.excused.contains(part)).collect();
    assert!(unused.is_empty(), "excused in vain: {unused:?}");
}

#[tokio::test]
async fn no_statement_goes_through_a_large_table_of_postgres() {
    let (db, _folder) = database::open(Engine::Postgres).await;
    let statements = statements_and_triggers();
    let mut found = Walks::default();
    let (plans, columns) = postgres_plans(&db, &statements).await;
    assert_eq!(plans.len(), statements.len());
    for ((file, sql), plan) in statements.iter().zip(plans) {
        found.note(file, sql, &postgres_walks(&plan, &columns));
    }
    found.assert_excused();
}

#[test]
fn walks_are_told_from_searches() {
    let sqlite = [
        "CO-ROUTINE page",
        "SEARCH visits USING COVERING INDEX visits_by_patient (patient_id=?)",
        "SCAN page",
        "SCAN json_each VIRTUAL TABLE INDEX 1:",
        "SCAN 2 CONSTANT ROWS",
        "SCAN v",
        "SCAN jobs USING COVERING INDEX jobs_by_time",
    ]
    .map(str::to_owned);
    assert_eq!(sqlite_walks(&sqlite), ["SCAN v", "SCAN jobs USING COVERING INDEX jobs_by_time"]);
    let postgres = [
        "Nested Loop",
        "  ->  Seq Scan on visits v",
        "  ->  Index Scan using visits_pkey on visits v",
        "        Index Cond: (id = $1)",
        "  ->  Index Only Scan Backward using visits_by_patient on visits",
        "        Index Cond: (starts_at >= $2)",
        "  ->  Bitmap Heap Scan on jobs",
        "        ->  Bitmap Index Scan on jobs_by_time",
        "  ->  Seq Scan on cities",
        "  ->  CTE Scan on due",
    ]
    .map(str::to_owned);
    let columns = [("visits_pkey", "id"), ("visits_by_patient", "patient_id"), ("jobs_by_time", "status")];
    let columns = columns.map(|(index, column)| (index.to_owned(), column.to_owned())).into();
    assert_eq!(
        postgres_walks(&postgres, &columns),
        [
            "->  Seq Scan on visits v",
            "->  Index Only Scan Backward using visits_by_patient on visits",
            "->  Bitmap Index Scan on jobs_by_time"
        ]
    );
    assert_eq!(parameters("SELECT '?9', ?2 WHERE a = ?11", '?'), 11);
    assert_eq!(parameters("SELECT 1", '?'), 0);
}

/// What has been found.
#[derive(Default)]
struct Walks {
    excused: Vec<&'static str>,
    others: Vec<String>,
}

impl Walks {
    fn note(&mut self, file: &Path, sql: &Sql, walks: &[String]) {
        if walks.is_empty() {
            return;
        }
        let words: Vec<&str> = sql.sqlite.split_whitespace().collect();
        let text = format!("{};", words.join(" "));
        match WALKS.iter().find(|(part, _)| text.contains(part)) {
            Some((part, _)) => self.excused.push(part),
            None => self.others.push(format!("{}: {text}\n{}", file.display(), walks.join("\n"))),
        }
    }

    fn assert_excused(&self) {
        assert!(self.others.is_empty(), "{}", self.others.join("\n\n"));
    }
}

/// The number of the last parameter outside quotes.
fn parameters(text: &str, sign: char) -> usize {
    let outside = text.split('\'').step_by(2);
    let numbers = outside.flat_map(|part| part.split(sign).skip(1)).map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    });
    numbers.max().unwrap_or(0)
}

fn same(text: String) -> Sql {
    let text: &'static str = text.leak();
    Sql { sqlite: text, postgres: text }
}

async fn sqlite_plan(db: &Db, text: &str) -> Vec<String> {
    let nothing: &dyn Param = &None::<i64>;
    let explain = same(format!("EXPLAIN QUERY PLAN {text}"));
    let steps: Vec<(i64, i64, i64, String)> =
        db.all(explain, &vec![nothing; parameters(text, '?')]).await.unwrap();
    steps.into_iter().map(|(.., step)| step).collect()
}

/// The steps that go through a whole table or index, but for what the statement itself has made.
fn sqlite_walks(plan: &[String]) -> Vec<String> {
    let made = |name: &str| {
        plan.iter().any(|step| {
            let name_of = step.strip_prefix("CO-ROUTINE ").or_else(|| step.strip_prefix("MATERIALIZE "));
            name_of == Some(name)
        })
    };
    let is_walk = |step: &&String| {
        let Some(walked) = step.strip_prefix("SCAN ") else { return false };
        let name = walked.split_whitespace().next().unwrap_or_default();
        !walked.contains("CONSTANT ROW") && !walked.contains("VIRTUAL TABLE") && !made(name)
    };
    plan.iter().filter(is_walk).cloned().collect()
}

/// The plans of these statements in a filled database, and the first column of each index.
async fn postgres_plans(db: &Db, statements: &[(PathBuf, Sql)]) -> (Vec<Vec<String>>, Columns) {
    db.read(statements, |c, statements| {
        Box::pin(async move {
            c.script("", FILL).await?;
            c.script("", SETTINGS).await?;
            let mut plans: Vec<Vec<String>> = vec![];
            for (n, (_, sql)) in statements.iter().enumerate() {
                c.script("", &format!("PREPARE plan_{n} AS {}", sql.postgres)).await?;
                let nothing = vec!["NULL"; parameters(sql.postgres, '$')].join(", ");
                let values = if nothing.is_empty() { nothing } else { format!("({nothing})") };
                let explain = same(format!("EXPLAIN (COSTS OFF) EXECUTE plan_{n} {values}"));
                let lines: Vec<(String,)> = c.all(explain, &[]).await?;
                plans.push(lines.into_iter().map(|(line,)| line).collect());
            }
            let columns: Vec<(String, String)> = c.all(FIRST_COLUMNS, &[]).await?;
            let columns: Columns = columns.into_iter().collect();
            Ok::<_, db::Error>((plans, columns))
        })
    })
    .await
    .unwrap()
}

/// The steps that go through a whole large table, or through an index of one without a condition on what
/// it is sorted by.
fn postgres_walks(plan: &[String], columns: &Columns) -> Vec<String> {
    let is_large = |name: &str| {
        let is_of = |table: &&str| {
            name.strip_prefix(*table).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        LARGE.iter().any(is_of)
    };
    let mut walks = vec![];
    for (n, step) in plan.iter().enumerate() {
        let Some((kind, on)) = step.split_once(" on ") else { continue };
        let on = on.split_whitespace().next().unwrap_or_default();
        let index = kind.split_once(" using ").map_or(on, |(_, index)| index);
        let is_bound = columns.get(index).is_some_and(|column| {
            let bound = format!("({column} ");
            plan.get(n + 1).is_some_and(|next| next.contains("Index Cond:") && next.contains(&bound))
        });
        let by_index = kind.contains("Index Scan") || kind.contains("Index Only Scan");
        let is_walk = kind.ends_with("Seq Scan") || (by_index && !is_bound);
        if is_walk && is_large(on) {
            walks.push(step.trim().to_owned());
        }
    }
    walks
}
