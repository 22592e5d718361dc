-- The audit log: append-only, in 16 hash chains (audit.rs), so that writers rarely wait for each other.

CREATE TABLE audit_heads (
  chain BIGINT NOT NULL PRIMARY KEY CHECK (chain BETWEEN 0 AND 15),
  seq BIGINT NOT NULL,
  hash BYTEA NOT NULL
) STRICT;

CREATE TABLE audit_log (
  chain BIGINT NOT NULL CHECK (chain BETWEEN 0 AND 15),
  seq BIGINT NOT NULL CHECK (seq >= 1),
  at BIGINT NOT NULL,
  actor_id UUID,
  actor_kind TEXT NOT NULL,
  action TEXT NOT NULL,
  subject_id UUID,
  detail TEXT NOT NULL,
  request_id TEXT NOT NULL,
  hash BYTEA NOT NULL,
  PRIMARY KEY (chain, seq)
) STRICT;
CREATE INDEX audit_log_by_subject ON audit_log (subject_id, at);

-- only sqlite
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- end
-- only postgres
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
-- end
