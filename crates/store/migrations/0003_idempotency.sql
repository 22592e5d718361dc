-- Answers to requests that must happen once (D7); kept at least 24 hours. A key is claimed first and its
-- answer written last, in one transaction: whoever sees the row sees the answer.

CREATE TABLE idempotency_keys (
  user_id UUID NOT NULL,
  operation TEXT NOT NULL,
  key TEXT NOT NULL,
  body_hash BYTEA NOT NULL,
  answer BYTEA,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, operation, key)
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
