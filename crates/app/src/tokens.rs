//! Access and refresh tokens (D15): HS256 JWTs, signed with the newest key, checked with any.

use domain::{
    Role, Secret, SignedDuration, Timestamp,
    ids::{SessionId, UserId, new_v7},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
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

/// Makes and checks tokens.
pub struct Tokens {
    settings: Settings,
    keys: Vec<(String, EncodingKey, DecodingKey)>,
    validation: Validation,
}

impl Tokens {
    /// `keys`: newest first, at least one.
    pub fn new(settings: Settings, keys: &[Key]) -> Self {
        let keys = keys
            .iter()
            .map(|key| {
                let secret = derive(&key.secret, b"helssa tokens v1");
                (key.kid.clone(), EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret))
            })
            .collect();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // by our own clock, in `check`
        validation.validate_exp = false;
        Self { settings, keys, validation }
    }

    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Signs a token of this type for a login.
    pub fn sign(
        &self,
        token_type: TokenType,
        user: UserId,
        role: Role,
        session: SessionId,
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
            sub: user.0,
            sid: session.0,
            jti: new_v7(now, rng),
            iat: now.as_second(),
            exp: now.as_second() + life.as_secs(),
            token_type,
            role,
        };
        let (kid, key, _) = self.keys.first().ok_or(Invalid)?;
        let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, key).map(Secret::new).map_err(|_| Invalid)
    }

    /// What a token says, if it is ours, of this type and alive.
    pub fn check(&self, token: &str, token_type: TokenType, now: Timestamp) -> Result<Claims, Invalid> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Invalid)?;
        if header.alg != Algorithm::HS256 || header.typ.is_some_and(|typ| typ != "JWT") {
            return Err(Invalid);
        }
        let kid = header.kid.ok_or(Invalid)?;
        let (_, _, key) = self.keys.iter().find(|(known, ..)| *known == kid).ok_or(Invalid)?;
        let claims =
            jsonwebtoken::decode::<Claims>(token, key, &self.validation).map_err(|_| Invalid)?.claims;
        let alive = claims.exp > now.as_second() && claims.iat <= now.as_second() + 60;
        if alive && claims.token_type == token_type { Ok(claims) } else { Err(Invalid) }
    }
}
