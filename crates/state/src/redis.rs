//! The state of many nodes, in Redis or Valkey. Each operation is one script, so it is atomic; times
//! are the callers' milliseconds, and keys expire by themselves when they no longer matter.

use std::time::Duration;

use ::redis::{Client, Script, aio::ConnectionManager, aio::ConnectionManagerConfig};
use domain::{SignedDuration, Timestamp, otp::Policy};
use uuid::Uuid;

use crate::{Begun, Challenge, Guess, Key, Pair, Result, Taken, Unavailable};

/// A connection that is made again when it breaks.
pub struct Redis {
    connection: ConnectionManager,
    scripts: Scripts,
}

struct Scripts {
    take: Script,
    begin: Script,
    withdraw: Script,
    guess: Script,
    consume: Script,
    fail: Script,
}

/// KEYS: window. ARGV: now, limit, length.
const TAKE: &str = r"
local n, ends = unpack(redis.call('HMGET', KEYS[1], 'n', 'ends'))
local now, limit, length = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
n, ends = tonumber(n or 0), tonumber(ends or 0)
if ends <= now then n, ends = 0, now + length end
-- one that a wrong clock has opened ends no later than a right one's; kept, or a refusal would put it off
if ends > now + length then
  ends = now + length
  redis.call('HSET', KEYS[1], 'ends', string.format('%d', ends))
  redis.call('PEXPIRE', KEYS[1], length + 1000)
end
local allowed = n < limit
if allowed then
  n = n + 1
  redis.call('HSET', KEYS[1], 'n', n, 'ends', string.format('%d', ends))
  redis.call('PEXPIRE', KEYS[1], ends - now + 1000)
end
return {allowed and 1 or 0, math.max(limit - n, 0), ends}
";

/// Shared by all OTP scripts. KEYS: phone, pair. ARGV[1]: now.
const LOCK: &str = r"
local now = tonumber(ARGV[1])
local function number(key, field) return tonumber(redis.call('HGET', key, field) or 0) end
local function put(key, ...) redis.call('HSET', key, ...) redis.call('PEXPIRE', key, 86400000 + 60000) end
local function int(n) return string.format('%d', n) end
-- no end lies further away than its own length, whatever clock has set it; kept, or it would move on
local function bounded(key, field, length)
  local at = number(key, field)
  if at > now + length then
    at = now + length
    redis.call('HSET', key, field, int(at))
  end
  return at
end
local function locked(length)
  return math.max(bounded(KEYS[1], 'locked', length), bounded(KEYS[2], 'locked', length))
end
";

/// ARGV: now, challenge, hash, life, resend, sends, send window, lock.
const BEGIN: &str = r"
local lock = locked(tonumber(ARGV[8]))
if lock > now then return {2, lock} end
local next_send = bounded(KEYS[1], 'next_send', tonumber(ARGV[5]))
if next_send > now then return {1, next_send} end
local n, ends = number(KEYS[1], 'sends'), bounded(KEYS[1], 'sends_end', tonumber(ARGV[7]))
if ends <= now then n, ends = 0, now + tonumber(ARGV[7]) end
if n >= tonumber(ARGV[6]) then return {1, ends} end
put(KEYS[1], 'sends', n + 1, 'sends_end', int(ends), 'next_send', int(now + tonumber(ARGV[5])),
  'id', ARGV[2], 'hash', ARGV[3], 'expires', int(now + tonumber(ARGV[4])), 'guesses', 0)
return {0, 0}
";

/// ARGV: now, challenge.
const WITHDRAW: &str = r"
if redis.call('HGET', KEYS[1], 'id') == ARGV[2] then
  redis.call('HDEL', KEYS[1], 'id', 'hash', 'expires', 'guesses', 'next_send')
  redis.call('HINCRBY', KEYS[1], 'sends', -1)
end
return 0
";

/// ARGV: now, tries, lock, life.
const GUESS: &str = r"
local lock = locked(tonumber(ARGV[3]))
if lock > now then return {2, int(lock), '', 0} end
local id, hash = unpack(redis.call('HMGET', KEYS[1], 'id', 'hash'))
local tries, guesses = tonumber(ARGV[2]), number(KEYS[1], 'guesses')
if not id or bounded(KEYS[1], 'expires', tonumber(ARGV[4])) <= now or guesses >= tries then return {1, '', '', 0} end
redis.call('HINCRBY', KEYS[1], 'guesses', 1)
return {0, id, hash, tries - guesses - 1}
";

/// ARGV: now, challenge.
const CONSUME: &str = r"
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], 'id', 'hash', 'expires', 'guesses')
redis.call('DEL', KEYS[2])
return 1
";

/// ARGV: now, window, failures per phone, failures per pair, lock.
const FAIL: &str = r"
local function count(key, most)
  local n, ends = number(key, 'failures'), bounded(key, 'failures_end', tonumber(ARGV[2]))
  if ends <= now then n, ends = 0, now + tonumber(ARGV[2]) end
  n = n + 1
  if n >= tonumber(most) then
    n = 0
    put(key, 'locked', int(now + tonumber(ARGV[5])))
  end
  put(key, 'failures', n, 'failures_end', int(ends))
end
count(KEYS[1], ARGV[3])
count(KEYS[2], ARGV[4])
return 0
";

fn failed(e: impl std::fmt::Display) -> Unavailable {
    Unavailable(e.to_string())
}

fn moment(millis: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(millis).map_err(failed)
}

fn millis(length: SignedDuration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

impl Redis {
    /// Opens `redis://…` or `rediss://…`; the connection itself is made by the first operation. An answer that takes longer
    /// than `patience` is a failure.
    pub fn open(url: &str, patience: Duration) -> Result<Self> {
        let client = Client::open(url).map_err(failed)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(failed)?;
        let otp = |script: &str| Script::new(&format!("{LOCK}{script}"));
        let scripts = Scripts {
            take: Script::new(TAKE),
            begin: otp(BEGIN),
            withdraw: otp(WITHDRAW),
            guess: otp(GUESS),
            consume: otp(CONSUME),
            fail: otp(FAIL),
        };
        Ok(Self { connection, scripts })
    }

    pub(crate) async fn take(
        &self,
        key: &Key,
        limit: i64,
        length: SignedDuration,
        now: Timestamp,
    ) -> Result<Taken> {
        let (allowed, remaining, ends): (i64, i64, i64) = self
            .scripts
            .take
            .key(key.name())
            .arg(now.as_millisecond())
            .arg(limit)
            .arg(millis(length))
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(failed)?;
        Ok(Taken { allowed: allowed == 1, remaining, resets_at: moment(ends)? })
    }

    pub(crate) async fn begin(
        &self,
        pair: &Pair,
        new: &Challenge,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Begun> {
        let (kind, until): (i64, i64) = Self::on(&self.scripts.begin, pair)
            .arg(now.as_millisecond())
            .arg(new.id.simple().to_string())
            .arg(&new.hash[..])
            .arg(millis(policy.life))
            .arg(millis(policy.resend_after))
            .arg(policy.sends_per_phone)
            .arg(millis(Policy::SEND_WINDOW))
            .arg(millis(policy.lock))
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(failed)?;
        Ok(match kind {
            0 => Begun::Started,
            1 => Begun::TooMany { until: moment(until)? },
            _ => Begun::Locked { until: moment(until)? },
        })
    }

    pub(crate) async fn withdraw(&self, pair: &Pair, challenge: Uuid) -> Result<()> {
        Self::on(&self.scripts.withdraw, pair)
            .arg(0)
            .arg(challenge.simple().to_string())
            .invoke_async::<i64>(&mut self.connection.clone())
            .await
            .map_err(failed)?;
        Ok(())
    }

    pub(crate) async fn guess(&self, pair: &Pair, policy: &Policy, now: Timestamp) -> Result<Guess> {
        let (kind, id, hash, tries_left): (i64, String, Vec<u8>, i64) = Self::on(&self.scripts.guess, pair)
            .arg(now.as_millisecond())
            .arg(policy.tries)
            .arg(millis(policy.lock))
            .arg(millis(policy.life))
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(failed)?;
        Ok(match kind {
            0 => Guess::Evaluate { challenge: id.parse().map_err(failed)?, hash, tries_left },
            1 => Guess::NoCode,
            _ => Guess::Locked { until: moment(id.parse().map_err(failed)?)? },
        })
    }

    pub(crate) async fn consume(&self, pair: &Pair, challenge: Uuid) -> Result<bool> {
        let used: i64 = Self::on(&self.scripts.consume, pair)
            .arg(0)
            .arg(challenge.simple().to_string())
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(failed)?;
        Ok(used == 1)
    }

    pub(crate) async fn fail(&self, pair: &Pair, policy: &Policy, now: Timestamp) -> Result<()> {
        Self::on(&self.scripts.fail, pair)
            .arg(now.as_millisecond())
            .arg(millis(Policy::FAILURE_WINDOW))
            .arg(policy.failures_per_phone)
            .arg(policy.failures_per_pair)
            .arg(millis(policy.lock))
            .invoke_async::<i64>(&mut self.connection.clone())
            .await
            .map_err(failed)?;
        Ok(())
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        ::redis::cmd("PING")
            .query_async::<String>(&mut self.connection.clone())
            .await
            .map(|_| ())
            .map_err(failed)
    }

    /// The script with the phone's key and the pair's; both in the slot of the phone.
    fn on<'s>(script: &'s Script, pair: &Pair) -> ::redis::ScriptInvocation<'s> {
        let phone = Key::new("otp", &pair.phone).name();
        let address = Key::new("", &pair.address).name().replace(['{', '}'], "");
        let mut invocation = script.prepare_invoke();
        invocation.key(&phone).key(format!("{phone}:{address}"));
        invocation
    }
}
