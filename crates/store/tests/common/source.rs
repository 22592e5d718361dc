//! The program's source: its files, and the statements in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use db::Sql;
use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};

/// Every statement of every crate, and the file that it is in.
pub fn statements() -> Vec<(PathBuf, Sql)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let sources = fs::read_dir(crates).unwrap().map(|package| package.unwrap().path().join("src"));
    let mut files: Vec<PathBuf> =
        sources.filter(|source| source.is_dir()).flat_map(|source| rust_files(&source)).collect();
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

/// The Rust files in a folder and in the folders below it.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Finds the statements in a piece of source.
pub fn search(tokens: TokenStream, found: &mut Vec<Sql>) {
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
