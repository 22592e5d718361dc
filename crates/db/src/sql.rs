//! One text for both databases.

/// Both texts of one statement; made by [`sql!`](crate::sql).
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    /// With `?1` parameters.
    pub sqlite: &'static str,
    /// With `$1` parameters.
    pub postgres: &'static str,
}

/// `?1` and `$1` are as long as each other, so the second text is a byte-for-byte rewrite of the
/// first outside string literals. Called by [`sql!`](crate::sql) at compile time.
#[must_use]
pub const fn to_postgres<const N: usize>(sqlite: &str) -> [u8; N] {
    let bytes = sqlite.as_bytes();
    let mut out = [0; N];
    let (mut i, mut quoted) = (0, false);
    while i < N {
        if bytes[i] == b'\'' {
            quoted = !quoted;
        }
        out[i] = if bytes[i] == b'?' && !quoted { b'$' } else { bytes[i] };
        i += 1;
    }
    out
}

/// A statement: `sql!("SELECT a FROM t WHERE id = ?1")`, in the subset that both databases
/// understand, or `sql!(sqlite: "…", postgres: "…")` where they truly differ.
#[macro_export]
macro_rules! sql {
    ($text:literal) => {{
        const SQLITE: &str = $text;
        const BYTES: [u8; SQLITE.len()] = $crate::to_postgres(SQLITE);
        const POSTGRES: &str = match ::std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("not UTF-8"),
        };
        $crate::Sql { sqlite: SQLITE, postgres: POSTGRES }
    }};
    (sqlite: $lite:literal, postgres: $pg:literal) => {
        $crate::Sql { sqlite: $lite, postgres: $pg }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn parameters_are_rewritten_outside_literals_only() {
        let sql = sql!("SELECT '?1 it''s ?', ?2 FROM t WHERE a = ?1 AND b = 'پزشک?'");
        assert_eq!(sql.postgres, "SELECT '?1 it''s ?', $2 FROM t WHERE a = $1 AND b = 'پزشک?'");
    }
}
