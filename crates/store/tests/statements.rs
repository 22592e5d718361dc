//! Both databases understand every statement that the program has.

mod common;

use common::source::{search, statements};
use rstest::rstest;
use testkit::{Engine, database};

/// Fewer than this, and the search is broken.
const AT_LEAST: usize = 40;

#[rstest]
#[tokio::test]
async fn every_statement_can_be_prepared(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let statements = statements();
    assert!(statements.len() >= AT_LEAST, "only {} were found", statements.len());
    let (db, _folder) = database::open(engine).await;
    let mut refused = vec![];
    for (file, sql) in statements {
        if let Err(e) = db.prepare(sql).await {
            let text = if engine == Engine::Sqlite { sql.sqlite } else { sql.postgres };
            refused.push(format!("{}: {e}\n{text}", file.display()));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n\n"));
}

#[test]
fn the_search_finds_both_forms_and_leaves_out_tests_and_definitions() {
    let source = r#"
        macro_rules! column { ($page:literal) => { sql!($page) }; }
        fn one() { c.one(db::sql!("SELECT '?', 'it''s' FROM t WHERE a = ?1 \
                                   AND b = ?2"), &[]); }
        const TWO: &[Column] = &[column!(accounts::PHONE, "SELECT 2", "SELECT 3")];
        fn three() { if x { sql!(sqlite: "SELECT 4", postgres: "SELECT 5") } }
        #[cfg(test)]
        mod tests { fn four() { sql!("SELECT 6"); } }
        fn five() { sql!("SELECT 7") }
    "#;
    let mut found = vec![];
    search(source.parse().unwrap(), &mut found);
    let found: Vec<_> = found.iter().map(|sql| (sql.sqlite, sql.postgres)).collect();
    assert_eq!(
        found,
        [
            (
                "SELECT '?', 'it''s' FROM t WHERE a = ?1 AND b = ?2",
                "SELECT '?', 'it''s' FROM t WHERE a = $1 AND b = $2"
            ),
            ("SELECT 2", "SELECT 2"),
            ("SELECT 3", "SELECT 3"),
            ("SELECT 4", "SELECT 5"),
            ("SELECT 7", "SELECT 7"),
        ]
    );
}
