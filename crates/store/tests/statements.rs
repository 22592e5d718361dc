//! Both databases understand every statement that the program has.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use db::Sql;
use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};
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

/// Every statement of every crate, and the file that it is in.
fn statements() -> Vec<(PathBuf, Sql)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = vec![];
    for package in fs::read_dir(crates).unwrap() {
        let source = package.unwrap().path().join("src");
        if source.is_dir() {
            sources(&source, &mut files);
        }
    }
    files.sort();
    let mut all = vec![];
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let tokens = text.parse::<TokenStream>().unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut found = vec![];
        search(tokens, &mut found);
        all.extend(found.into_iter().map(|sql| (file.clone(), sql)));
    }
    all
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn search(tokens: TokenStream, found: &mut Vec<Sql>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = &tokens[..];
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            // unit tests may speak of tables that don't exist
            (TokenTree::Punct(hash), [TokenTree::Group(attribute), ..])
                if hash.as_char() == '#' && is_cfg_test(&attribute.stream()) =>
            {
                rest = after_item(after);
            }
            (TokenTree::Ident(name), [TokenTree::Punct(bang), TokenTree::Group(arguments), more @ ..])
                if bang.as_char() == '!' && (name == "sql" || name == "column") =>
            {
                found.extend(written(&name.to_string(), arguments.stream()));
                rest = more;
            }
            (TokenTree::Group(group), _) => search(group.stream(), found),
            _ => {}
        }
    }
}

fn is_cfg_test(attribute: &TokenStream) -> bool {
    attribute.to_string().replace(' ', "") == "cfg(test)"
}

/// What follows the item that begins here.
fn after_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    match tokens.iter().position(is_end) {
        Some(end) => &tokens[end + 1..],
        None => &[],
    }
}

/// The statements of one call of `sql!` or of rotation's `column!`.
fn written(name: &str, arguments: TokenStream) -> Vec<Sql> {
    let arguments: Vec<TokenTree> = arguments.into_iter().collect();
    if matches!(arguments.first(), Some(TokenTree::Punct(dollar)) if dollar.as_char() == '$') {
        // within the definition of another macro
        return vec![];
    }
    let named = arguments.first().is_some_and(|first| first.to_string() == "sqlite");
    let texts: Vec<&'static str> = arguments
        .iter()
        .filter_map(|argument| match argument {
            TokenTree::Literal(literal) => Some(&*text(literal).leak()),
            _ => None,
        })
        .collect();
    match (name, &texts[..]) {
        ("sql", &[sqlite, postgres]) if named => vec![Sql { sqlite, postgres }],
        ("sql", [_]) | ("column", [_, _]) => {
            texts.iter().map(|&sqlite| Sql { sqlite, postgres: with_dollars(sqlite).leak() }).collect()
        }
        _ => panic!("an unknown form of {name}!: {texts:?}"),
    }
}

/// What the macro makes of it: `$1` for `?1` outside quotes.
fn with_dollars(text: &str) -> String {
    let mut quoted = false;
    text.chars()
        .map(|c| {
            quoted ^= c == '\'';
            if c == '?' && !quoted { '$' } else { c }
        })
        .collect()
}

/// The value of a string literal.
fn text(literal: &Literal) -> String {
    let source = literal.to_string();
    if let Some(raw) = source.strip_prefix('r') {
        return raw.trim_matches('#').trim_matches('"').to_owned();
    }
    let inner = source.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
    let (mut value, mut chars) = (String::new(), inner.chars().peekable());
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => value.push('\n'),
            Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            Some(c @ ('"' | '\'' | '\\')) => value.push(c),
            other => panic!("an escape that is not known here: {other:?}"),
        }
    }
    value
}
