//! Values that no log line, error or panic message may show.

use serde::{Deserialize, Serialize};

macro_rules! blank {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name<T>(T);

        impl<T> $name<T> {
            /// Hides a value.
            pub const fn new(value: T) -> Self {
                Self(value)
            }

            /// The value itself: every call is a place to look at in a review.
            pub const fn expose(&self) -> &T {
                &self.0
            }

            /// The value itself.
            pub fn into_exposed(self) -> T {
                self.0
            }
        }

        impl<T> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("***")
            }
        }
    };
}

blank! {
    /// A key, a token, a code.
    Secret
}
/// Protected health information, and what tells who somebody is: types of it are debugged as `***`.
#[macro_export]
macro_rules! blank_debug {
    ($($name:ty),+ $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    )+};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_blank() {
        assert_eq!(
            format!("{:?} {:#?}", Secret::new("k"), crate::profile::Profile::default()),
            "*** Profile(***)"
        );
    }
}
