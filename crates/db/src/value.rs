//! Values that both drivers can bind and read.

use domain::Timestamp;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

/// A value both drivers can bind: `bool`, `i64`, `f64`, text, bytes, `Uuid`, [`At`], and options of them.
pub trait Param: rusqlite::ToSql + ToSql + Sync + Send {}
impl<T: rusqlite::ToSql + ToSql + Sync + Send> Param for T {}

/// A column both drivers can read.
pub trait Column: rusqlite::types::FromSql + for<'a> FromSql<'a> {}
impl<T: rusqlite::types::FromSql + for<'a> FromSql<'a>> Column for T {}

/// A moment, stored as whole microseconds since 1970-01-01 UTC in a `BIGINT` on both databases, so
/// that both order, compare and add it alike (`docs/adr/0003-time-as-microseconds.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At(pub Timestamp);

impl At {
    fn micros(self) -> i64 {
        self.0.as_microsecond()
    }

    fn from_micros(micros: i64) -> Result<Self, jiff_error::OutOfRange> {
        Timestamp::from_microsecond(micros).map(Self).map_err(|_| jiff_error::OutOfRange(micros))
    }
}

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

mod jiff_error {
    /// A stored moment outside the years that the program knows.
    #[derive(Debug, thiserror::Error)]
    #[error("{0} microseconds is not a moment")]
    pub struct OutOfRange(pub i64);
}

impl rusqlite::ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(self.micros().into())
    }
}

impl rusqlite::types::FromSql for At {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        Self::from_micros(value.as_i64()?).map_err(|e| rusqlite::types::FromSqlError::Other(Box::new(e)))
    }
}

impl ToSql for At {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.micros().to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <i64 as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for At {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::from_micros(i64::from_sql(ty, raw)?)?)
    }

    fn accepts(ty: &Type) -> bool {
        <i64 as FromSql>::accepts(ty)
    }
}
