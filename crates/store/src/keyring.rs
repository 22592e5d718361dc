//! Keys, sealed columns and blind indexes.
//!
//! A sealed value is `1, length of kid, kid, nonce (12), ciphertext and tag (16)`: AES-256-GCM-SIV
//! (RFC 8452), bound to its table, column, row and key by the associated data, so that a value copied
//! elsewhere does not open. SIV, because a nonce that repeats (a restored snapshot) then shows no more
//! than that two values are equal. Keys are derived with HKDF-SHA256 from the configured secrets.

use std::sync::Arc;

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    constant_time, hkdf, hmac,
};
use domain::{NationalId, Phone, Rng, Secret};
use uuid::Uuid;

use crate::{Error, Result};

const VERSION: u8 = 1;

/// A named secret of 32 bytes, as configured.
#[derive(Clone, Debug)]
pub struct Key {
    /// The name that travels with what the key made; at most 32 characters.
    pub kid: String,
    pub secret: Secret<[u8; 32]>,
}

/// All configured secrets, newest first where there are several.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Sign access and refresh tokens.
    pub token_keys: Vec<Key>,
    /// Seal columns.
    pub data_keys: Vec<Key>,
    /// Blind indexes, OTP hashes and the audit chain.
    pub index_key: Key,
}

/// The keys made from them.
pub struct Keyring {
    data: Vec<(String, LessSafeKey)>,
    index: hmac::Key,
    otp: hmac::Key,
    audit: hmac::Key,
    rng: Arc<dyn Rng>,
}

/// A sealed column.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub table: &'static str,
    pub column: &'static str,
}

impl Field {
    #[expect(clippy::needless_pass_by_value, reason = "error types are given away here")]
    fn error(self, cause: impl ToString) -> Error {
        Error::Stored { table: self.table, column: self.column, cause: cause.to_string() }
    }
}

impl Keyring {
    /// # Panics
    /// Never: the lengths are fixed.
    #[must_use]
    pub fn new(secrets: &Secrets, rng: Arc<dyn Rng>) -> Self {
        let data = secrets
            .data_keys
            .iter()
            .map(|key| (key.kid.clone(), aead(&derive(&key.secret, b"helssa sealed columns v1"))))
            .collect();
        let hmac_key =
            |info: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, &derive(&secrets.index_key.secret, info));
        Self {
            data,
            index: hmac_key(b"helssa blind index v1"),
            otp: hmac_key(b"helssa otp v1"),
            audit: hmac_key(b"helssa audit chain v1"),
            rng,
        }
    }

    /// Seals one value of one row.
    pub fn seal(&self, field: Field, row: Uuid, plain: &[u8]) -> Result<Vec<u8>> {
        let (kid, key) = self.data.first().ok_or_else(|| field.error("no data key"))?;
        let mut nonce = [0; NONCE_LEN];
        self.rng.fill(&mut nonce);
        let mut sealed = header(kid);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        let aad = Aad::from(binding(field, row, kid));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body)
            .map_err(|e| field.error(e))?;
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens one value of one row, in its own place where it is given away.
    pub fn open(&self, field: Field, row: Uuid, sealed: impl Into<Vec<u8>>) -> Result<Vec<u8>> {
        let mut sealed = sealed.into();
        let (kid, rest) = split(&sealed).ok_or_else(|| field.error("not a sealed value"))?;
        let (kid, key) =
            self.data.iter().find(|(known, _)| known.as_bytes() == kid).ok_or_else(|| {
                field.error(format!("key {} is not configured", String::from_utf8_lossy(kid)))
            })?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or_else(|| field.error("cut short"))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|e| field.error(e))?;
        let (aad, from) = (Aad::from(binding(field, row, kid)), sealed.len() - body.len());
        let plain = key
            .open_within(nonce, aad, &mut sealed, from..)
            .map_err(|_| field.error("damaged, or not of this row"))?
            .len();
        sealed.truncate(plain);
        Ok(sealed)
    }

    /// Whether the newest key made this value.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let newest = self.data.first().map(|(kid, _)| kid.as_bytes());
        split(sealed).map(|(kid, _)| kid) == newest
    }

    /// A text column, sealed.
    pub fn seal_text(&self, field: Field, row: Uuid, plain: &str) -> Result<Vec<u8>> {
        self.seal(field, row, plain.as_bytes())
    }

    /// A text column; none is the empty text.
    pub fn open_text(&self, field: Field, row: Uuid, sealed: Option<impl Into<Vec<u8>>>) -> Result<String> {
        let Some(sealed) = sealed else { return Ok(String::new()) };
        String::from_utf8(self.open(field, row, sealed)?).map_err(|e| field.error(e))
    }

    /// A structured column, sealed as JSON.
    pub fn seal_json(&self, field: Field, row: Uuid, value: &impl serde::Serialize) -> Result<Vec<u8>> {
        let plain = serde_json::to_vec(value).map_err(|e| field.error(e))?;
        self.seal(field, row, &plain)
    }

    /// A structured column; none is the default.
    pub fn open_json<T: serde::de::DeserializeOwned + Default>(
        &self,
        field: Field,
        row: Uuid,
        sealed: Option<impl Into<Vec<u8>>>,
    ) -> Result<T> {
        let Some(sealed) = sealed else { return Ok(T::default()) };
        serde_json::from_slice(&self.open(field, row, sealed)?).map_err(|e| field.error(e))
    }

    /// The blind index of a phone number.
    #[must_use]
    pub fn phone_index(&self, phone: &Phone) -> Vec<u8> {
        blind(&self.index, "phone", &phone.e164())
    }

    /// The blind index of a national id.
    #[must_use]
    pub fn national_id_index(&self, id: &NationalId) -> Vec<u8> {
        blind(&self.index, "national_id", id.as_str())
    }

    /// The blind index of a client address: what the shared state knows it by.
    #[must_use]
    pub fn address_index(&self, address: &str) -> Vec<u8> {
        blind(&self.index, "address", address)
    }

    /// What is kept of a one-time code, bound to its challenge.
    #[must_use]
    pub fn otp_hash(&self, challenge: Uuid, code: &str) -> Vec<u8> {
        blind(&self.otp, &challenge.simple().to_string(), code)
    }

    /// Compares in constant time.
    #[must_use]
    pub fn otp_matches(&self, challenge: Uuid, code: &str, kept: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.otp_hash(challenge, code), kept).is_ok()
    }

    pub(crate) fn chain(&self, previous: &[u8], entry: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.audit);
        context.update(previous);
        context.update(entry);
        context.sign().as_ref().to_vec()
    }
}

fn blind(key: &hmac::Key, kind: &str, value: &str) -> Vec<u8> {
    let mut context = hmac::Context::with_key(key);
    context.update(kind.as_bytes());
    context.update(&[0]);
    context.update(value.as_bytes());
    context.sign().as_ref()[..16].to_vec()
}

fn header(kid: &str) -> Vec<u8> {
    let mut header = Vec::with_capacity(2 + kid.len() + NONCE_LEN);
    header.push(VERSION);
    // kids are at most 32 characters (checked where they are read)
    header.push(u8::try_from(kid.len()).unwrap_or(u8::MAX));
    header.extend_from_slice(kid.as_bytes());
    header
}

fn split(sealed: &[u8]) -> Option<(&[u8], &[u8])> {
    let [VERSION, length, rest @ ..] = sealed else { return None };
    rest.split_at_checked(usize::from(*length))
}

fn binding(field: Field, row: Uuid, kid: &str) -> Vec<u8> {
    let mut binding = Vec::with_capacity(80);
    for part in [field.table.as_bytes(), field.column.as_bytes(), row.as_bytes(), kid.as_bytes()] {
        binding.extend_from_slice(part);
        binding.push(0);
    }
    binding
}

/// # Panics
/// Never: 32 bytes are within HKDF's bound.
///
/// HKDF-SHA256 without salt: the secrets are uniformly random already.
pub fn derive(secret: &Secret<[u8; 32]>, info: &[u8]) -> [u8; 32] {
    struct Bytes32;
    impl hkdf::KeyType for Bytes32 {
        fn len(&self) -> usize {
            32
        }
    }
    let mut key = [0; 32];
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret.expose());
    // fails only for more than 255 blocks
    let filled = prk.expand(&[info], Bytes32).and_then(|okm| okm.fill(&mut key));
    assert!(filled.is_ok(), "32 bytes are within HKDF's bound");
    key
}

#[expect(clippy::expect_used, reason = "32 bytes are this algorithm's key length")]
fn aead(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key).expect("32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);
    impl Rng for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    const FIELD: Field = Field { table: "patients", column: "address" };

    fn ring(kids: &[&str]) -> Keyring {
        let key = |kid: &str| Key { kid: kid.into(), secret: Secret::new([kid.as_bytes()[0]; 32]) };
        let secrets = Secrets {
            token_keys: vec![],
            data_keys: kids.iter().map(|kid| key(kid)).collect(),
            index_key: key("index"),
        };
        Keyring::new(&secrets, Arc::new(Counting(0.into())))
    }

    #[test]
    fn a_sealed_value_opens_only_where_it_belongs() {
        let (keys, row, other) = (ring(&["k1"]), Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = keys.seal(FIELD, row, "خیابان".as_bytes()).unwrap();
        assert_eq!(keys.open(FIELD, row, sealed.as_slice()).unwrap(), "خیابان".as_bytes());
        assert!(keys.open(FIELD, other, sealed.as_slice()).is_err(), "another row");
        let column = Field { column: "insurance", ..FIELD };
        assert!(keys.open(column, row, sealed.as_slice()).is_err(), "another column");
        for i in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[i] ^= 1;
            assert!(keys.open(FIELD, row, damaged.as_slice()).is_err(), "byte {i}");
            assert!(keys.open(FIELD, row, &sealed[..i]).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn old_keys_open_and_the_newest_seals() {
        let row = Uuid::from_u128(1);
        let old = ring(&["k1"]).seal(FIELD, row, b"x").unwrap();
        let rotated = ring(&["new", "k1"]);
        assert_eq!(rotated.open(FIELD, row, old.as_slice()).unwrap(), b"x");
        assert!(!rotated.is_current(&old));
        assert!(rotated.is_current(&rotated.seal(FIELD, row, b"x").unwrap()));
        assert!(ring(&["new"]).open(FIELD, row, old.as_slice()).is_err(), "the old key was taken away");
    }

    #[test]
    fn equal_values_look_different_and_index_the_same() {
        let keys = ring(&["k1"]);
        let seal = || keys.seal(FIELD, Uuid::from_u128(1), b"x").unwrap();
        assert_ne!(seal(), seal());
        let (a, b) = (Phone::parse("09121234567").unwrap(), Phone::parse("+989121234567").unwrap());
        assert_eq!(keys.phone_index(&a), keys.phone_index(&b));
        assert_eq!(keys.phone_index(&a).len(), 16);
    }
}
