//! Where rows of `SQLite` were last seen, so that a row that is read again and again is found without walking the index
//! of its key. Hints, no more: a statement that uses one names the row by its key as well, and finds nothing where the
//! hint is out of date (after a `VACUUM`, or in another file).

use std::collections::HashMap;

use parking_lot::RwLock;
use uuid::Uuid;

const SHARDS: usize = 16;
/// Of each shard; then it begins anew. Together some five megabytes at most.
const MOST: usize = 4_096;

/// The numbers of a key's row and of the row that is read with it.
pub type Place = [i64; 2];

#[derive(Default)]
pub struct Places([RwLock<HashMap<Uuid, Place>>; SHARDS]);

impl Places {
    /// Where the key's rows were.
    #[must_use]
    pub fn of(&self, key: Uuid) -> Option<Place> {
        self.shard(key)?.read().get(&key).copied()
    }

    /// They are here.
    pub fn remember(&self, key: Uuid, place: Place) {
        let Some(shard) = self.shard(key) else { return };
        let mut shard = shard.write();
        if shard.len() >= MOST {
            shard.clear();
        }
        shard.insert(key, place);
    }

    /// The last byte of a key is random.
    fn shard(&self, key: Uuid) -> Option<&RwLock<HashMap<Uuid, Place>>> {
        self.0.get(usize::from(key.as_bytes()[15]) % SHARDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_last_is_known_and_the_memory_has_an_end() {
        let places = Places::default();
        let key = |n: u128| Uuid::from_u128(n * 16);
        assert_eq!(places.of(key(1)), None);
        places.remember(key(1), [7, 8]);
        places.remember(key(1), [9, 8]);
        assert_eq!(places.of(key(1)), Some([9, 8]));
        for n in 2..=MOST as u128 {
            places.remember(key(n), [1, 1]);
        }
        assert_eq!(places.of(key(1)), Some([9, 8]));
        places.remember(key(MOST as u128 + 1), [1, 1]);
        assert_eq!((places.of(key(1)), places.of(key(MOST as u128 + 1))), (None, Some([1, 1])));
    }
}
