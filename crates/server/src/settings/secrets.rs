//! The secrets: configured, or in development made once and kept in the data folder.

use std::{fs, io::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Rng, Secret};
use store::keyring::{Key, Secrets};

use super::{Mode, Sources, table::Reader};

/// Names of keys that were made by a program for development begin with this; production refuses them.
pub(super) const GENERATED: &str = "generated-";

/// Reads the keys; where none is set in development, those of the data folder, made at first use.
pub(super) fn read(
    r: &mut Reader,
    mode: Option<Mode>,
    data_dir: Option<&std::path::PathBuf>,
) -> Option<Secrets> {
    let token_keys = r.optional("secrets.token_keys", keys);
    let data_keys = r.optional("secrets.data_keys", keys);
    let index_key = r.optional("secrets.index_key", key);
    match (token_keys?, data_keys?, index_key?) {
        (Some(token_keys), Some(data_keys), Some(index_key)) => {
            Some(Secrets { token_keys, data_keys, index_key })
        }
        (None, None, None) if mode? == Mode::Development => match generated(data_dir?) {
            Ok(secrets) => Some(secrets),
            Err(e) => r.wrong(e),
        },
        _ => r.wrong(
            "secrets: set token_keys, data_keys and index_key, all three; `helssa keys generate` makes them"
                .into(),
        ),
    }
}

fn generated(data_dir: &Path) -> Result<Secrets, String> {
    let path = data_dir.join("secrets.toml");
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    if !path.exists() {
        fs::create_dir_all(data_dir).map_err(|e| format!("{}: {e}", data_dir.display()))?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // written aside and then linked, so that nobody reads half of it; who comes second uses the first's
        let mut random = [0; 8];
        crate::wiring::OsRng.fill(&mut random);
        let aside = path.with_extension(format!("{:016x}.new", u64::from_le_bytes(random)));
        let mut file = options.open(&aside).map_err(failed)?;
        let written = file.write_all(generate(GENERATED, &crate::wiring::OsRng).as_bytes());
        written.and_then(|()| file.sync_all()).map_err(failed)?;
        let linked = fs::hard_link(&aside, &path);
        fs::remove_file(&aside).map_err(failed)?;
        match linked {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(e)),
            _ => {}
        }
    }
    let mut reader = Reader::new(Sources::default().file(&path));
    let token_keys = reader.get("secrets.token_keys", keys);
    let data_keys = reader.get("secrets.data_keys", keys);
    let index_key = reader.get("secrets.index_key", key);
    match (token_keys, data_keys, index_key) {
        (Some(token_keys), Some(data_keys), Some(index_key)) => {
            Ok(Secrets { token_keys, data_keys, index_key })
        }
        _ => Err(reader.into_mistakes().join("; ")),
    }
}

/// A `[secrets]` table with new keys, their names beginning with `prefix`.
pub fn generate(prefix: &str, rng: &dyn Rng) -> String {
    let new = |name: &str| {
        let (mut id, mut secret) = ([0; 2], [0; 32]);
        rng.fill(&mut id);
        rng.fill(&mut secret);
        format!("{prefix}{name}-{:02x}{:02x}:{}", id[0], id[1], STANDARD.encode(secret))
    };
    format!(
        "[secrets]\ntoken_keys = [\"{}\"]\ndata_keys = [\"{}\"]\nindex_key = \"{}\"\n",
        new("token"),
        new("data"),
        new("index")
    )
}

fn keys(text: &str) -> Result<Vec<Key>, String> {
    let keys: Vec<_> =
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(key).collect::<Result<_, _>>()?;
    let names: std::collections::BTreeSet<_> = keys.iter().map(|key| &key.kid).collect();
    match (keys.is_empty(), names.len() == keys.len()) {
        (true, _) => Err("no key".into()),
        (_, false) => Err("two keys have the same name".into()),
        _ => Ok(keys),
    }
}

/// `name:base64`. What is wrong is told without repeating the value.
fn key(text: &str) -> Result<Key, String> {
    let (kid, secret) = text.split_once(':').ok_or("is not of the form name:base64")?;
    let kid_is_sane = (1..=32).contains(&kid.len())
        && kid.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !kid_is_sane {
        return Err("a key's name has 1 to 32 letters, digits, `-`, `_` or `.`".into());
    }
    let bytes = STANDARD.decode(secret).map_err(|_| format!("key {kid} is not base64"))?;
    let secret: [u8; 32] = bytes.try_into().map_err(|_| format!("key {kid} does not have 32 bytes"))?;
    Ok(Key { kid: kid.to_owned(), secret: Secret::new(secret) })
}
