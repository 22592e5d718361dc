-- Work that must happen later: written in the transaction that needs it, done at least once.

CREATE TABLE jobs (
  id UUID NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  -- two jobs with one key are one job; none: every job is one of its own
  unique_key TEXT UNIQUE,
  status TEXT NOT NULL CHECK (status IN ('queued', 'dead')),
  run_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  -- until then nobody else takes it
  leased_until BIGINT,
  lease UUID,
  last_error TEXT,
  created_at BIGINT NOT NULL
) STRICT;
CREATE INDEX jobs_by_time ON jobs (status, run_at, id);

-- What happens again and again, once in a cluster.
CREATE TABLE cron (
  name TEXT NOT NULL PRIMARY KEY,
  next_at BIGINT NOT NULL
) STRICT;

CREATE TABLE notifications (
  id UUID NOT NULL PRIMARY KEY,
  user_id UUID NOT NULL REFERENCES users (id),
  kind TEXT NOT NULL,
  message BYTEA NOT NULL,
  visit_id UUID,
  -- what happened once is told once
  unique_key TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  read_at BIGINT
) STRICT;
CREATE INDEX notifications_by_user ON notifications (user_id, created_at, id);
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;
