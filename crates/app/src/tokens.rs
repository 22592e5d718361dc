//! Access and refresh tokens (D15): HS256 JWTs, signed with the newest key, checked with any.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    Role, Secret, SignedDuration, Timestamp,
    ids::{SessionId, UserId, new_v7},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use store::keyring::{Key, derive};
use uuid::Uuid;

/// How long tokens live, and for whom they are made.
#[derive(Clone, Debug)]
pub struct Settings {
    pub issuer: String,
    pub audience: String,
    pub access_life: SignedDuration,
    pub refresh_life: SignedDuration,
}

/// What a token is for; neither passes as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenType {
    Access,
    Refresh,
}

/// For whom a token is made.
#[derive(Clone, Copy, Debug)]
pub struct Login {
    pub user: UserId,
    pub role: Role,
    pub session: SessionId,
    pub ends: Timestamp,
}

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: Uuid,
    pub sid: Uuid,
    pub jti: Uuid,
    /// Seconds since 1970 UTC.
    pub iat: i64,
    pub exp: i64,
    pub token_type: TokenType,
    pub role: Role,
}

/// Not a token of ours that is valid now; why is nobody's business.
#[derive(Debug, thiserror::Error)]
#[error("token invalid")]
pub struct Invalid;

/// What an access token says about its bearer.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    pub user: UserId,
    pub session: SessionId,
    pub role: Role,
    /// Seconds since 1970 UTC.
    issued: i64,
    ends: i64,
}

impl Access {
    fn is_alive(&self, now: Timestamp) -> bool {
        self.ends > now.as_second() && self.issued <= now.as_second() + 60
    }
}

/// Tokens whose signature was checked are known by heart, so many at most; half a kilobyte each.
const KNOWN: usize = 8_192;

/// Makes and checks tokens.
pub struct Tokens {
    settings: Settings,
    keys: Vec<SigningKey>,
    /// Letter for letter; their time is looked at each time.
    known: RwLock<HashMap<Box<str>, Access>>,
}

struct SigningKey {
    header: Header,
    /// The header as it is written into every token of this key.
    written: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Tokens {
    /// `keys`: newest first, at least one.
    pub fn new(settings: Settings, keys: &[Key]) -> Self {
        let signing = |key: &Key| {
            let secret = derive(&key.secret, b"helssa tokens v1");
            let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
            let encoding = EncodingKey::from_secret(&secret);
            let token = jsonwebtoken::encode(&header, &(), &encoding).unwrap_or_default();
            let written = token.split('.').next().unwrap_or_default().to_owned();
            SigningKey { header, written, encoding, decoding: DecodingKey::from_secret(&secret) }
        };
        Self { settings, keys: keys.iter().map(signing).collect(), known: RwLock::default() }
    }

    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Signs a token of this type for a login; it never outlives it, so that whoever ends all live logins has
    /// ended all tokens.
    pub fn sign(
        &self,
        token_type: TokenType,
        login: &Login,
        now: Timestamp,
        rng: &dyn domain::Rng,
    ) -> Result<Secret<String>, Invalid> {
        let life = match token_type {
            TokenType::Access => self.settings.access_life,
            TokenType::Refresh => self.settings.refresh_life,
        };
        let claims = Claims {
            iss: self.settings.issuer.clone(),
            aud: self.settings.audience.clone(),
            sub: login.user.0,
            sid: login.session.0,
            jti: new_v7(now, rng),
            iat: now.as_second(),
            exp: (now.as_second() + life.as_secs()).min(login.ends.as_second()),
            token_type,
            role: login.role,
        };
        let key = self.keys.first().ok_or(Invalid)?;
        jsonwebtoken::encode(&key.header, &claims, &key.encoding).map(Secret::new).map_err(|_| Invalid)
    }

    /// Whose access token this is, if it is ours and alive. One that was seen before isn't verified again.
    pub fn access(&self, token: &str, now: Timestamp) -> Result<Access, Invalid> {
        if let Some(access) = self.known.read().get(token).copied() {
            return if access.is_alive(now) { Ok(access) } else { Err(Invalid) };
        }
        let claims = self.check(token, TokenType::Access, now)?;
        let access = Access {
            user: UserId(claims.sub),
            session: SessionId(claims.sid),
            role: claims.role,
            issued: claims.iat,
            ends: claims.exp,
        };
        let mut known = self.known.write();
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(token.into(), access);
        Ok(access)
    }

    /// What a token says, if it is ours, of this type and alive.
    ///
    /// The header isn't interpreted: it is one that we write, letter for letter, or the token is not ours. So
    /// no token chooses its algorithm or key.
    pub fn check(&self, token: &str, token_type: TokenType, now: Timestamp) -> Result<Claims, Invalid> {
        let (message, signature) = token.rsplit_once('.').ok_or(Invalid)?;
        let (header, payload) = message.split_once('.').ok_or(Invalid)?;
        let key = self.keys.iter().find(|key| key.written == header).ok_or(Invalid)?;
        let is_ours =
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.decoding, Algorithm::HS256);
        if !is_ours.map_err(|_| Invalid)? {
            return Err(Invalid);
        }
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Invalid)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| Invalid)?;
        let is_for_us = claims.iss == self.settings.issuer && claims.aud == self.settings.audience;
        let is_alive = claims.exp > now.as_second() && claims.iat <= now.as_second() + 60;
        if is_for_us && is_alive && claims.token_type == token_type { Ok(claims) } else { Err(Invalid) }
    }
}
