//! Doing a thing once (D7): the answer is remembered in the same transaction as the work, under the
//! caller, the operation and the caller's key. Failures are not remembered: nothing was done.

use std::{collections::HashSet, sync::Arc};

use aws_lc_rs::digest;
use db::Conn;
use domain::ids::UserId;
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use store::idempotency::Scope;

use crate::{App, Fault, fault::faults};

/// A request that is to be done once.
#[derive(Clone, Debug)]
pub struct Once {
    scope: Scope,
    body_hash: Vec<u8>,
}

impl Once {
    /// `key`: the client's, 1 to 255 characters. `body`: as it was received.
    pub fn new(user: UserId, operation: &'static str, key: String, body: &[u8]) -> Self {
        let body_hash = digest::digest(&digest::SHA256, body).as_ref().to_vec();
        Self { scope: Scope { user, operation, key }, body_hash }
    }
}

/// Puts what was done into the words that are answered, and remembered as the answer.
pub type Render<T> = Arc<dyn Fn(T) -> serde_json::Value + Send + Sync>;

/// An answer, and whether it was given before.
#[derive(Clone, Debug)]
pub struct Answered<T> {
    pub answer: T,
    pub replayed: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum OnceError {
    /// The key was used with another body: use a new key.
    #[error("key used with another body")]
    Mismatch,
    /// The first request with this key is still running: ask again in a second.
    #[error("still running")]
    StillRunning,
    #[error(transparent)]
    Fault(Fault),
}
faults!(OnceError);

/// Keys that are being worked on by this node.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<Claim>>>);

/// Whose key, for which operation.
type Claim = (UserId, &'static str, String);

/// Lets the key go when the work has ended.
pub struct Running {
    all: InFlight,
    this: Option<Claim>,
}

impl InFlight {
    /// Claims the key on this node; requests without one always may.
    pub fn enter(&self, once: Option<&Once>) -> Result<Running, OnceError> {
        let this = once.map(|once| (once.scope.user, once.scope.operation, once.scope.key.clone()));
        if let Some(this) = &this
            && !self.0.lock().insert(this.clone())
        {
            return Err(OnceError::StillRunning);
        }
        Ok(Running { all: self.clone(), this })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(this) = self.this.take() {
            self.all.0.lock().remove(&this);
        }
    }
}

/// The first step of the transaction: claims the key, or finds the answer that was given before.
pub async fn replay<T: DeserializeOwned>(
    tx: &Conn,
    app: &App,
    once: Option<&Once>,
) -> Result<Option<Answered<T>>, OnceError> {
    let Some(once) = once else { return Ok(None) };
    if store::idempotency::claim(tx, &once.scope, &once.body_hash, app.clock.now()).await? {
        return Ok(None);
    }
    let Some((hash, answer)) = store::idempotency::find(tx, &app.keys, &once.scope).await? else {
        // forgotten between the two looks
        return Err(OnceError::StillRunning);
    };
    if hash != once.body_hash {
        return Err(OnceError::Mismatch);
    }
    let answer = serde_json::from_slice(&answer).map_err(|e| Fault::Internal(e.to_string()))?;
    Ok(Some(Answered { answer, replayed: true }))
}

/// The answer that was given before, without claiming the key: a first look before work that no transaction can hold.
pub async fn look<T: DeserializeOwned>(
    c: &Conn,
    app: &App,
    once: Option<&Once>,
) -> Result<Option<Answered<T>>, OnceError> {
    let Some(once) = once else { return Ok(None) };
    let Some((hash, answer)) = store::idempotency::find(c, &app.keys, &once.scope).await? else {
        return Ok(None);
    };
    if hash != once.body_hash {
        return Err(OnceError::Mismatch);
    }
    let answer = serde_json::from_slice(&answer).map_err(|e| Fault::Internal(e.to_string()))?;
    Ok(Some(Answered { answer, replayed: true }))
}

/// The last step of the transaction: remembers the answer.
pub async fn remember<T: Serialize>(
    tx: &Conn,
    app: &App,
    once: Option<&Once>,
    answer: T,
) -> Result<Answered<T>, OnceError> {
    if let Some(once) = once {
        let bytes = serde_json::to_vec(&answer).map_err(|e| Fault::Internal(e.to_string()))?;
        store::idempotency::save(tx, &app.keys, &once.scope, &bytes).await?;
    }
    Ok(Answered { answer, replayed: false })
}
