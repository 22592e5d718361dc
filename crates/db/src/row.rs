//! Rows into plain structs, by position.

use crate::{Column, Error, Result};

/// One row of either driver.
pub enum Row<'a> {
    #[doc(hidden)]
    Sqlite(&'a rusqlite::Row<'a>),
    #[doc(hidden)]
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The column at `i`, from 0.
    pub fn get<T: Column>(&self, i: usize) -> Result<T> {
        match self {
            Self::Sqlite(row) => Ok(row.get(i)?),
            Self::Postgres(row) => row.try_get(i).map_err(|e| Error::Value(e.to_string())),
        }
    }
}

/// A struct that a row can fill; made by [`record!`](crate::record).
pub trait FromRow: Sized + Send + 'static {
    /// Reads the columns in order.
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

macro_rules! tuple {
    ($($t:ident $i:tt),+) => {
        impl<$($t: Column + Send + 'static),+> FromRow for ($($t,)+) {
            fn from_row(row: &Row<'_>) -> Result<Self> {
                Ok(($(row.get::<$t>($i)?,)+))
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);

/// A struct whose fields are the columns of a `SELECT`, in the same order.
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field:ident : $ty:ty),* $(,)?
    }) => {
        $(#[$meta])*
        $vis struct $name { $($(#[$field_meta])* pub $field: $ty),* }

        impl $crate::FromRow for $name {
            #[allow(unused_assignments, reason = "the last increment is not read")]
            fn from_row(row: &$crate::Row<'_>) -> $crate::Result<Self> {
                let mut i = 0;
                Ok(Self { $($field: { let value = row.get(i)?; i += 1; value }),* })
            }
        }
    };
}
