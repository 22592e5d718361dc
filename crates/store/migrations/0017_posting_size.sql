-- What a posting has is fixed when its transaction ends: it says how many entries it will have, none is added beyond
-- that, and at the commit none is missing. Otherwise an old posting takes two more that sum to zero.

-- only sqlite
DROP TRIGGER ledger_entries_count;
DROP TRIGGER ledger_postings_begin_empty;
DROP TRIGGER ledger_postings_no_update;
-- how many it will have; whoever doesn't say moves money from one account to another
ALTER TABLE ledger_postings ADD COLUMN entries BIGINT NOT NULL DEFAULT 2;
-- how many of them are still to come; kept by triggers, and zero at the commit, as the total is. None for a moment
-- where nobody says: a column that refers to another table can't be added with a default
ALTER TABLE ledger_postings ADD COLUMN missing BIGINT CHECK (missing >= 0)
  REFERENCES ledger_zero (n) DEFERRABLE INITIALLY DEFERRED;
UPDATE ledger_postings SET missing = 0,
  entries = (SELECT count(*) FROM ledger_entries e WHERE e.posting_id = ledger_postings.id);
CREATE TRIGGER ledger_postings_begin_empty BEFORE INSERT ON ledger_postings
WHEN NEW.total <> 0 OR NEW.entries < 1 OR NEW.missing <> NEW.entries
BEGIN SELECT RAISE(ABORT, 'a ledger posting begins empty'); END;
CREATE TRIGGER ledger_postings_miss_all AFTER INSERT ON ledger_postings
WHEN NEW.missing IS NULL
BEGIN UPDATE ledger_postings SET missing = NEW.entries WHERE id = NEW.id; END;
CREATE TRIGGER ledger_postings_no_update BEFORE UPDATE ON ledger_postings
WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.unique_key <> OLD.unique_key
  OR NEW.reference IS NOT OLD.reference OR NEW.description <> OLD.description OR NEW.created_at <> OLD.created_at
  OR NEW.entries <> OLD.entries
  OR (NEW.total, NEW.missing) IS NOT (SELECT coalesce(sum(e.amount), 0), NEW.entries - count(*)
    FROM ledger_entries e WHERE e.posting_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_entries_fit BEFORE INSERT ON ledger_entries
WHEN NOT EXISTS (SELECT 1 FROM ledger_postings p WHERE p.id = NEW.posting_id AND p.missing > 0)
BEGIN SELECT RAISE(ABORT, 'a ledger posting has no more entries than it says'); END;
CREATE TRIGGER ledger_entries_count AFTER INSERT ON ledger_entries
BEGIN
  UPDATE ledger_accounts SET balance = NEW.balance, entries = NEW.seq, updated_at = NEW.created_at
  WHERE id = NEW.account_id;
  UPDATE ledger_postings SET (total, missing) = (SELECT sum(e.amount), ledger_postings.entries - count(*)
    FROM ledger_entries e WHERE e.posting_id = NEW.posting_id)
  WHERE id = NEW.posting_id;
  -- an entry that is written OR IGNORE would leave out what an account's CHECK refuses, and stay
  SELECT RAISE(ABORT, 'a ledger account is what its entries say') WHERE NOT EXISTS (
    SELECT 1 FROM ledger_accounts a WHERE a.id = NEW.account_id AND a.entries = NEW.seq);
END;
-- end
-- only postgres
DROP TRIGGER ledger_postings_are_zero ON ledger_postings;
DROP FUNCTION ledger_postings_are_zero();
DROP TRIGGER ledger_postings_begin_empty ON ledger_postings;
DROP TRIGGER ledger_postings_no_update ON ledger_postings;
-- as above; there a column that refers to nothing may have a default
ALTER TABLE ledger_postings
  ADD COLUMN entries BIGINT NOT NULL DEFAULT 2,
  ADD COLUMN missing BIGINT NOT NULL DEFAULT 2 CHECK (missing >= 0);
UPDATE ledger_postings SET missing = 0,
  entries = (SELECT count(*) FROM ledger_entries e WHERE e.posting_id = ledger_postings.id);
CREATE OR REPLACE FUNCTION ledger_postings_no_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  has RECORD;
BEGIN
  SELECT coalesce(sum(e.amount), 0) AS total, count(*) AS entries INTO has
  FROM ledger_entries e WHERE e.posting_id = OLD.id;
  IF NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.unique_key <> OLD.unique_key
    OR NEW.reference IS DISTINCT FROM OLD.reference OR NEW.description <> OLD.description
    OR NEW.created_at <> OLD.created_at OR NEW.entries <> OLD.entries
    OR NEW.total <> has.total OR NEW.missing <> NEW.entries - has.entries THEN
    RAISE EXCEPTION 'the ledger is append-only';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION ledger_entries_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ledger_accounts a WHERE a.id = NEW.account_id AND a.entries + 1 = NEW.seq
      AND a.balance + NEW.amount = NEW.balance) THEN
    RAISE EXCEPTION 'a ledger entry follows the one before';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM ledger_postings p WHERE p.id = NEW.posting_id AND p.missing > 0) THEN
    RAISE EXCEPTION 'a ledger posting has no more entries than it says';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION ledger_entries_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ledger_accounts SET balance = NEW.balance, entries = NEW.seq, updated_at = NEW.created_at
  WHERE id = NEW.account_id;
  UPDATE ledger_postings SET (total, missing) = (SELECT sum(e.amount), ledger_postings.entries - count(*)
    FROM ledger_entries e WHERE e.posting_id = NEW.posting_id)
  WHERE id = NEW.posting_id;
  RETURN NULL;
END $$;
CREATE FUNCTION ledger_postings_are_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ledger_postings p WHERE p.id = NEW.id AND (p.total <> 0 OR p.missing <> 0)) THEN
    RAISE EXCEPTION 'a ledger posting is whole, and sums to zero';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_postings_begin_empty BEFORE INSERT ON ledger_postings
FOR EACH ROW WHEN (NEW.total <> 0 OR NEW.entries < 1 OR NEW.missing <> NEW.entries)
EXECUTE FUNCTION ledger_refuse('a ledger posting begins empty');
CREATE TRIGGER ledger_postings_no_update BEFORE UPDATE ON ledger_postings
FOR EACH ROW EXECUTE FUNCTION ledger_postings_no_update();
-- once a posting: what is whole is not changed any more
CREATE CONSTRAINT TRIGGER ledger_postings_are_whole AFTER INSERT ON ledger_postings
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_postings_are_whole();
-- end

-- visits that are paid, have not ended, and keep their money from everybody: not only those that never began
DROP INDEX visits_forgotten;
CREATE INDEX visits_forgotten ON visits (ends_at, id) WHERE status IN ('confirmed', 'in_progress');
