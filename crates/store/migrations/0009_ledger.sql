-- The ledger: double entry in whole Rials, append-only, every posting sums to zero (D32). What must hold is held here,
-- whoever writes: entries follow each other without a gap, an account is what its last entry left, nothing is changed
-- or deleted, no account is negative that may not be, and a posting whose entries don't sum to zero is refused at the
-- commit.

-- a wallet, what is blocked of it, what a gateway owes, …; owner is a user's id or a name
CREATE TABLE ledger_accounts (
  -- made from kind and owner (ledger.rs)
  id UUID NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('wallet', 'hold', 'clearing', 'insurer', 'escrow', 'fees', 'commission', 'subscriptions', 'payouts')),
  owner TEXT NOT NULL,
  balance BIGINT NOT NULL,
  -- how many it has, and so the number of the last one
  entries BIGINT NOT NULL CHECK (entries >= 0),
  may_be_negative BOOLEAN NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (kind, owner),
  CHECK (may_be_negative = (kind IN ('clearing', 'insurer', 'payouts'))),
  CHECK (may_be_negative OR balance >= 0)
) STRICT;

-- only sqlite
-- SQLite knows no deferred triggers, but deferred foreign keys: a total may only be a number that is in here
CREATE TABLE ledger_zero (n BIGINT NOT NULL PRIMARY KEY CHECK (n = 0)) STRICT;
INSERT INTO ledger_zero (n) VALUES (0);
-- end

-- description is Persian and stands in statements: nothing medical
CREATE TABLE ledger_postings (
  id UUID NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  unique_key TEXT NOT NULL UNIQUE,
  -- the visit, charge, subscription, … that it is for
  reference UUID,
  description TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  -- what its entries sum to so far; kept by a trigger, and zero at the commit
-- only sqlite
  total BIGINT NOT NULL REFERENCES ledger_zero (n) DEFERRABLE INITIALLY DEFERRED
-- end
-- only postgres
  total BIGINT NOT NULL
-- end
) STRICT;
CREATE INDEX ledger_postings_by_reference ON ledger_postings (reference) WHERE reference IS NOT NULL;

CREATE TABLE ledger_entries (
  account_id UUID NOT NULL REFERENCES ledger_accounts (id),
  seq BIGINT NOT NULL CHECK (seq >= 1),
  posting_id UUID NOT NULL REFERENCES ledger_postings (id),
  amount BIGINT NOT NULL CHECK (amount <> 0),
  -- the account's, after this entry
  balance BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, seq)
) STRICT;
CREATE INDEX ledger_entries_by_posting ON ledger_entries (posting_id);

-- Money that is blocked: placed once, then posted (in whole or in part), voided or expired.
CREATE TABLE holds (
  id UUID NOT NULL PRIMARY KEY,
  user_id UUID NOT NULL REFERENCES users (id),
  amount BIGINT NOT NULL CHECK (amount > 0),
  status TEXT NOT NULL CHECK (status IN ('open', 'posted', 'voided', 'expired')),
  -- what of it was taken; the rest went back
  posted BIGINT NOT NULL CHECK (posted >= 0 AND posted <= amount),
  -- none: until somebody ends it
  expires_at BIGINT,
  unique_key TEXT NOT NULL UNIQUE,
  purpose TEXT NOT NULL,
  reference UUID,
  created_at BIGINT NOT NULL,
  ended_at BIGINT,
  CHECK ((status = 'posted') = (posted > 0)),
  CHECK ((status = 'open') = (ended_at IS NULL))
) STRICT;
CREATE INDEX holds_by_user ON holds (user_id, status, amount);
CREATE INDEX holds_by_end ON holds (expires_at) WHERE status = 'open' AND expires_at IS NOT NULL;

-- only sqlite
CREATE TRIGGER ledger_entries_follow BEFORE INSERT ON ledger_entries
WHEN NOT EXISTS (SELECT 1 FROM ledger_accounts a WHERE a.id = NEW.account_id AND a.entries + 1 = NEW.seq
  AND a.balance + NEW.amount = NEW.balance)
BEGIN SELECT RAISE(ABORT, 'a ledger entry follows the one before'); END;
CREATE TRIGGER ledger_entries_count AFTER INSERT ON ledger_entries
BEGIN
  UPDATE ledger_accounts SET balance = NEW.balance, entries = NEW.seq, updated_at = NEW.created_at
  WHERE id = NEW.account_id;
  UPDATE ledger_postings SET total = (SELECT sum(e.amount) FROM ledger_entries e WHERE e.posting_id = NEW.posting_id)
  WHERE id = NEW.posting_id;
END;
CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_accounts_begin_empty BEFORE INSERT ON ledger_accounts
WHEN NEW.balance <> 0 OR NEW.entries <> 0
BEGIN SELECT RAISE(ABORT, 'a ledger account begins empty'); END;
CREATE TRIGGER ledger_accounts_follow BEFORE UPDATE ON ledger_accounts
WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.owner <> OLD.owner OR NEW.may_be_negative <> OLD.may_be_negative
  OR NEW.entries <> OLD.entries + 1
  OR NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.account_id = OLD.id AND e.seq = NEW.entries
    AND e.balance = NEW.balance AND e.amount = NEW.balance - OLD.balance)
BEGIN SELECT RAISE(ABORT, 'a ledger account is what its entries say'); END;
CREATE TRIGGER ledger_accounts_no_delete BEFORE DELETE ON ledger_accounts
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_postings_begin_empty BEFORE INSERT ON ledger_postings
WHEN NEW.total <> 0
BEGIN SELECT RAISE(ABORT, 'a ledger posting begins empty'); END;
CREATE TRIGGER ledger_postings_no_update BEFORE UPDATE ON ledger_postings
WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.unique_key <> OLD.unique_key
  OR NEW.reference IS NOT OLD.reference OR NEW.description <> OLD.description OR NEW.created_at <> OLD.created_at
  OR NEW.total <> coalesce((SELECT sum(e.amount) FROM ledger_entries e WHERE e.posting_id = OLD.id), 0)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_postings_no_delete BEFORE DELETE ON ledger_postings
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER holds_stay_ended BEFORE UPDATE ON holds
WHEN OLD.status <> 'open' OR NEW.id <> OLD.id OR NEW.user_id <> OLD.user_id OR NEW.amount <> OLD.amount
  OR NEW.unique_key <> OLD.unique_key
BEGIN SELECT RAISE(ABORT, 'a hold ends once'); END;
CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds
BEGIN SELECT RAISE(ABORT, 'holds are not deleted'); END;
-- end
-- only postgres
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;
CREATE FUNCTION ledger_entries_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ledger_accounts a WHERE a.id = NEW.account_id AND a.entries + 1 = NEW.seq
      AND a.balance + NEW.amount = NEW.balance) THEN
    RAISE EXCEPTION 'a ledger entry follows the one before';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION ledger_entries_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ledger_accounts SET balance = NEW.balance, entries = NEW.seq, updated_at = NEW.created_at
  WHERE id = NEW.account_id;
  UPDATE ledger_postings SET total = (SELECT sum(e.amount) FROM ledger_entries e WHERE e.posting_id = NEW.posting_id)
  WHERE id = NEW.posting_id;
  RETURN NULL;
END $$;
CREATE FUNCTION ledger_accounts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.owner <> OLD.owner OR NEW.may_be_negative <> OLD.may_be_negative
    OR NEW.entries <> OLD.entries + 1
    OR NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.account_id = OLD.id AND e.seq = NEW.entries
      AND e.balance = NEW.balance AND e.amount = NEW.balance - OLD.balance) THEN
    RAISE EXCEPTION 'a ledger account is what its entries say';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION ledger_postings_no_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.unique_key <> OLD.unique_key
    OR NEW.reference IS DISTINCT FROM OLD.reference OR NEW.description <> OLD.description
    OR NEW.created_at <> OLD.created_at
    OR NEW.total <> coalesce((SELECT sum(e.amount) FROM ledger_entries e WHERE e.posting_id = OLD.id), 0) THEN
    RAISE EXCEPTION 'the ledger is append-only';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION ledger_postings_are_zero() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ledger_postings p WHERE p.id = NEW.id AND p.total <> 0) THEN
    RAISE EXCEPTION 'a ledger posting sums to zero';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_follow BEFORE INSERT ON ledger_entries
FOR EACH ROW EXECUTE FUNCTION ledger_entries_follow();
CREATE TRIGGER ledger_entries_count AFTER INSERT ON ledger_entries
FOR EACH ROW EXECUTE FUNCTION ledger_entries_count();
CREATE TRIGGER ledger_entries_no_change BEFORE UPDATE OR DELETE ON ledger_entries
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('the ledger is append-only');
CREATE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON ledger_entries
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('the ledger is append-only');
CREATE TRIGGER ledger_accounts_begin_empty BEFORE INSERT ON ledger_accounts
FOR EACH ROW WHEN (NEW.balance <> 0 OR NEW.entries <> 0)
EXECUTE FUNCTION ledger_refuse('a ledger account begins empty');
CREATE TRIGGER ledger_accounts_follow BEFORE UPDATE ON ledger_accounts
FOR EACH ROW EXECUTE FUNCTION ledger_accounts_follow();
CREATE TRIGGER ledger_accounts_no_delete BEFORE DELETE ON ledger_accounts
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('the ledger is append-only');
CREATE TRIGGER ledger_accounts_no_truncate BEFORE TRUNCATE ON ledger_accounts
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('the ledger is append-only');
CREATE TRIGGER ledger_postings_begin_empty BEFORE INSERT ON ledger_postings
FOR EACH ROW WHEN (NEW.total <> 0)
EXECUTE FUNCTION ledger_refuse('a ledger posting begins empty');
CREATE TRIGGER ledger_postings_no_update BEFORE UPDATE ON ledger_postings
FOR EACH ROW EXECUTE FUNCTION ledger_postings_no_update();
CREATE TRIGGER ledger_postings_no_delete BEFORE DELETE ON ledger_postings
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('the ledger is append-only');
CREATE TRIGGER ledger_postings_no_truncate BEFORE TRUNCATE ON ledger_postings
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('the ledger is append-only');
CREATE CONSTRAINT TRIGGER ledger_postings_are_zero AFTER UPDATE ON ledger_postings
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.total <> 0)
EXECUTE FUNCTION ledger_postings_are_zero();
CREATE TRIGGER holds_stay_ended BEFORE UPDATE ON holds FOR EACH ROW
WHEN (OLD.status <> 'open' OR NEW.id <> OLD.id OR NEW.user_id <> OLD.user_id OR NEW.amount <> OLD.amount
  OR NEW.unique_key <> OLD.unique_key)
EXECUTE FUNCTION ledger_refuse('a hold ends once');
CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('holds are not deleted');
-- end
