-- Doctors' money (D35): what they earned, and its way to their banks. The money itself moves in the ledger: a payout is
-- blocked by a hold, which is posted when the payout goes into a batch and voided when it is rejected or cancelled.

-- What each visit brought its doctor, numbered, with running sums: any span of days is added up by looking at its two
-- ends. It repeats what the ledger's posting says, and can say nothing else.
CREATE TABLE earnings (
  doctor_id UUID NOT NULL REFERENCES users (id),
  seq BIGINT NOT NULL CHECK (seq >= 1),
  visit_id UUID NOT NULL UNIQUE REFERENCES visits (id),
  -- the whole price; what is not the doctor's is the platform's commission
  price BIGINT NOT NULL CHECK (price > 0),
  net BIGINT NOT NULL CHECK (net >= 0 AND net <= price),
  -- what of net an insurer owes: its share, at most all of net
  insured BIGINT NOT NULL CHECK (insured >= 0 AND insured <= net),
  -- of this doctor's up to this one
  price_sum BIGINT NOT NULL,
  net_sum BIGINT NOT NULL,
  insured_sum BIGINT NOT NULL,
  -- never before that of the one before
  posted_at BIGINT NOT NULL,
  PRIMARY KEY (doctor_id, seq)
) STRICT;
CREATE INDEX earnings_by_time ON earnings (doctor_id, posted_at, seq);

-- visits that are paid, never began, and keep their money from everybody
CREATE INDEX visits_forgotten ON visits (ends_at, id) WHERE status = 'confirmed';

-- What goes to the bank in one file.
CREATE TABLE payout_batches (
  id UUID NOT NULL PRIMARY KEY,
  -- 1, 2, 3 …
  number BIGINT NOT NULL UNIQUE CHECK (number >= 1),
  created_at BIGINT NOT NULL,
  created_by UUID NOT NULL REFERENCES users (id),
  -- how many it has
  payouts BIGINT NOT NULL CHECK (payouts >= 1),
  total BIGINT NOT NULL CHECK (total > 0)
) STRICT;

-- The number of the last batch. Whoever makes one holds this row: batches are made one after the other, and what is
-- rolled back leaves no gap.
CREATE TABLE payout_batch_counter (
  only_one BIGINT NOT NULL PRIMARY KEY CHECK (only_one = 1),
  last BIGINT NOT NULL CHECK (last >= 0)
) STRICT;
INSERT INTO payout_batch_counter (only_one, last) VALUES (1, 0);

CREATE TABLE payouts (
  id UUID NOT NULL PRIMARY KEY,
  doctor_id UUID NOT NULL REFERENCES users (id),
  hold_id UUID NOT NULL UNIQUE REFERENCES holds (id),
  amount BIGINT NOT NULL CHECK (amount > 0),
  -- sealed; opened for the bank's file alone
  iban BYTEA NOT NULL,
  -- what is shown of it
  iban_masked TEXT NOT NULL,
  account_holder TEXT NOT NULL CHECK (account_holder <> ''),
  status TEXT NOT NULL CHECK (status IN ('requested', 'approved', 'exported', 'paid', 'rejected', 'cancelled', 'returned')),
  batch_id UUID REFERENCES payout_batches (id),
  -- why it was rejected or returned; the doctor reads it
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  approved_at BIGINT,
  exported_at BIGINT,
  paid_at BIGINT,
  -- rejected, cancelled or returned
  closed_at BIGINT,
  CHECK ((status IN ('exported', 'paid', 'returned')) = (batch_id IS NOT NULL)),
  CHECK ((batch_id IS NULL) = (exported_at IS NULL)),
  CHECK (status IN ('requested', 'rejected', 'cancelled') OR approved_at IS NOT NULL),
  CHECK (status <> 'paid' OR paid_at IS NOT NULL),
  CHECK ((status IN ('rejected', 'cancelled', 'returned')) = (closed_at IS NOT NULL)),
  CHECK (status NOT IN ('rejected', 'returned') OR reason <> '')
) STRICT;
CREATE INDEX payouts_by_doctor ON payouts (doctor_id, created_at, id, status);
CREATE INDEX payouts_by_status ON payouts (status, created_at, id);
CREATE INDEX payouts_by_batch ON payouts (batch_id, id) WHERE batch_id IS NOT NULL;

-- only sqlite
CREATE TRIGGER earnings_follow BEFORE INSERT ON earnings
WHEN NEW.seq <> 1 + coalesce((SELECT max(e.seq) FROM earnings e WHERE e.doctor_id = NEW.doctor_id), 0)
  OR NEW.price_sum <> NEW.price + coalesce((SELECT e.price_sum FROM earnings e
    WHERE e.doctor_id = NEW.doctor_id AND e.seq = NEW.seq - 1), 0)
  OR NEW.net_sum <> NEW.net + coalesce((SELECT e.net_sum FROM earnings e
    WHERE e.doctor_id = NEW.doctor_id AND e.seq = NEW.seq - 1), 0)
  OR NEW.insured_sum <> NEW.insured + coalesce((SELECT e.insured_sum FROM earnings e
    WHERE e.doctor_id = NEW.doctor_id AND e.seq = NEW.seq - 1), 0)
  OR NEW.posted_at < coalesce((SELECT e.posted_at FROM earnings e
    WHERE e.doctor_id = NEW.doctor_id AND e.seq = NEW.seq - 1), NEW.posted_at)
  OR NEW.net <> coalesce((SELECT sum(e.amount) FROM ledger_postings p JOIN ledger_entries e ON e.posting_id = p.id
    JOIN ledger_accounts a ON a.id = e.account_id
    WHERE p.reference = NEW.visit_id AND p.kind = 'visit_earning' AND a.kind = 'wallet'), 0)
  OR NEW.price - NEW.net <> coalesce((SELECT sum(e.amount) FROM ledger_postings p
    JOIN ledger_entries e ON e.posting_id = p.id JOIN ledger_accounts a ON a.id = e.account_id
    WHERE p.reference = NEW.visit_id AND p.kind = 'visit_earning' AND a.kind = 'commission'), 0)
  OR NEW.insured <> min(NEW.net, coalesce((SELECT -sum(e.amount) FROM ledger_postings p
    JOIN ledger_entries e ON e.posting_id = p.id JOIN ledger_accounts a ON a.id = e.account_id
    WHERE p.reference = NEW.visit_id AND p.kind = 'visit_earning' AND a.kind = 'insurer'), 0))
BEGIN SELECT RAISE(ABORT, 'an earning is what the ledger says'); END;
CREATE TRIGGER earnings_no_update BEFORE UPDATE ON earnings
BEGIN SELECT RAISE(ABORT, 'earnings are append-only'); END;
CREATE TRIGGER earnings_no_delete BEFORE DELETE ON earnings
BEGIN SELECT RAISE(ABORT, 'earnings are append-only'); END;
CREATE TRIGGER payout_batches_no_update BEFORE UPDATE ON payout_batches
BEGIN SELECT RAISE(ABORT, 'a batch stays as it is'); END;
CREATE TRIGGER payout_batches_no_delete BEFORE DELETE ON payout_batches
BEGIN SELECT RAISE(ABORT, 'a batch stays as it is'); END;
CREATE TRIGGER payout_batch_counter_follows BEFORE UPDATE ON payout_batch_counter
WHEN NEW.last <> OLD.last + 1
BEGIN SELECT RAISE(ABORT, 'batches are counted one by one'); END;
CREATE TRIGGER payout_batch_counter_no_delete BEFORE DELETE ON payout_batch_counter
BEGIN SELECT RAISE(ABORT, 'batches are counted one by one'); END;
CREATE TRIGGER payouts_begin BEFORE INSERT ON payouts
WHEN NEW.status <> 'requested' OR NOT EXISTS (SELECT 1 FROM holds h
  WHERE h.id = NEW.hold_id AND h.user_id = NEW.doctor_id AND h.amount = NEW.amount AND h.status = 'open')
BEGIN SELECT RAISE(ABORT, 'a payout begins with blocked money'); END;
CREATE TRIGGER payouts_keep BEFORE UPDATE ON payouts
WHEN NEW.id <> OLD.id OR NEW.doctor_id <> OLD.doctor_id OR NEW.hold_id <> OLD.hold_id OR NEW.amount <> OLD.amount
  OR NEW.iban_masked <> OLD.iban_masked OR NEW.account_holder <> OLD.account_holder
  OR NEW.created_at <> OLD.created_at OR (OLD.batch_id IS NOT NULL AND NEW.batch_id IS NOT OLD.batch_id)
BEGIN SELECT RAISE(ABORT, 'a payout stays what was asked for'); END;
CREATE TRIGGER payouts_step BEFORE UPDATE OF status ON payouts
WHEN NEW.status <> OLD.status AND (OLD.status || ' ' || NEW.status) NOT IN (
  'requested approved', 'requested rejected', 'requested cancelled', 'approved rejected', 'approved cancelled',
  'approved exported', 'exported paid', 'exported returned', 'paid returned')
BEGIN SELECT RAISE(ABORT, 'a payout takes its steps in order'); END;
CREATE TRIGGER payouts_with_money BEFORE UPDATE OF status ON payouts
WHEN NEW.status <> OLD.status AND (
  (NEW.status = 'exported' AND NOT EXISTS (SELECT 1 FROM holds h
    WHERE h.id = OLD.hold_id AND h.status = 'posted' AND h.posted = OLD.amount))
  OR (NEW.status IN ('rejected', 'cancelled') AND NOT EXISTS (SELECT 1 FROM holds h
    WHERE h.id = OLD.hold_id AND h.status = 'voided'))
  OR (NEW.status = 'returned' AND NOT EXISTS (SELECT 1 FROM ledger_postings p
    WHERE p.reference = OLD.id AND p.kind = 'payout_returned')))
BEGIN SELECT RAISE(ABORT, 'a payout goes with its money'); END;
CREATE TRIGGER payouts_no_delete BEFORE DELETE ON payouts
BEGIN SELECT RAISE(ABORT, 'payouts are not deleted'); END;
-- end
-- only postgres
CREATE FUNCTION earnings_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.seq <> 1 + coalesce((SELECT max(e.seq) FROM earnings e WHERE e.doctor_id = NEW.doctor_id), 0)
    OR NEW.price_sum <> NEW.price + coalesce((SELECT e.price_sum FROM earnings e
      WHERE e.doctor_id = NEW.doctor_id AND e.seq = NEW.seq - 1), 0)
    OR NEW.net_sum <> NEW.net + coalesce((SELECT e.net_sum FROM earnings e
      WHERE e.doctor_id = NEW.doctor_id AND e.seq = NEW.seq - 1), 0)
    OR NEW.insured_sum <> NEW.insured + coalesce((SELECT e.insured_sum FROM earnings e
      WHERE e.doctor_id = NEW.doctor_id AND e.seq = NEW.seq - 1), 0)
    OR NEW.posted_at < coalesce((SELECT e.posted_at FROM earnings e
      WHERE e.doctor_id = NEW.doctor_id AND e.seq = NEW.seq - 1), NEW.posted_at)
    OR NEW.net <> coalesce((SELECT sum(e.amount) FROM ledger_postings p JOIN ledger_entries e ON e.posting_id = p.id
      JOIN ledger_accounts a ON a.id = e.account_id
      WHERE p.reference = NEW.visit_id AND p.kind = 'visit_earning' AND a.kind = 'wallet'), 0)
    OR NEW.price - NEW.net <> coalesce((SELECT sum(e.amount) FROM ledger_postings p
      JOIN ledger_entries e ON e.posting_id = p.id JOIN ledger_accounts a ON a.id = e.account_id
      WHERE p.reference = NEW.visit_id AND p.kind = 'visit_earning' AND a.kind = 'commission'), 0)
    OR NEW.insured <> least(NEW.net, coalesce((SELECT -sum(e.amount) FROM ledger_postings p
      JOIN ledger_entries e ON e.posting_id = p.id JOIN ledger_accounts a ON a.id = e.account_id
      WHERE p.reference = NEW.visit_id AND p.kind = 'visit_earning' AND a.kind = 'insurer'), 0)) THEN
    RAISE EXCEPTION 'an earning is what the ledger says';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION payouts_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> 'requested' OR NOT EXISTS (SELECT 1 FROM holds h
      WHERE h.id = NEW.hold_id AND h.user_id = NEW.doctor_id AND h.amount = NEW.amount AND h.status = 'open') THEN
    RAISE EXCEPTION 'a payout begins with blocked money';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION payouts_with_money() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.status = 'exported' AND NOT EXISTS (SELECT 1 FROM holds h
      WHERE h.id = OLD.hold_id AND h.status = 'posted' AND h.posted = OLD.amount))
    OR (NEW.status IN ('rejected', 'cancelled') AND NOT EXISTS (SELECT 1 FROM holds h
      WHERE h.id = OLD.hold_id AND h.status = 'voided'))
    OR (NEW.status = 'returned' AND NOT EXISTS (SELECT 1 FROM ledger_postings p
      WHERE p.reference = OLD.id AND p.kind = 'payout_returned')) THEN
    RAISE EXCEPTION 'a payout goes with its money';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER earnings_follow BEFORE INSERT ON earnings
FOR EACH ROW EXECUTE FUNCTION earnings_follow();
CREATE TRIGGER earnings_no_change BEFORE UPDATE OR DELETE ON earnings
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('earnings are append-only');
CREATE TRIGGER earnings_no_truncate BEFORE TRUNCATE ON earnings
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('earnings are append-only');
CREATE TRIGGER payout_batches_no_change BEFORE UPDATE OR DELETE ON payout_batches
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('a batch stays as it is');
CREATE TRIGGER payout_batch_counter_follows BEFORE UPDATE ON payout_batch_counter FOR EACH ROW
WHEN (NEW.last <> OLD.last + 1)
EXECUTE FUNCTION ledger_refuse('batches are counted one by one');
CREATE TRIGGER payout_batch_counter_no_delete BEFORE DELETE ON payout_batch_counter
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('batches are counted one by one');
CREATE TRIGGER payouts_begin BEFORE INSERT ON payouts
FOR EACH ROW EXECUTE FUNCTION payouts_begin();
CREATE TRIGGER payouts_keep BEFORE UPDATE ON payouts FOR EACH ROW
WHEN (NEW.id <> OLD.id OR NEW.doctor_id <> OLD.doctor_id OR NEW.hold_id <> OLD.hold_id OR NEW.amount <> OLD.amount
  OR NEW.iban_masked <> OLD.iban_masked OR NEW.account_holder <> OLD.account_holder
  OR NEW.created_at <> OLD.created_at
  OR (OLD.batch_id IS NOT NULL AND NEW.batch_id IS DISTINCT FROM OLD.batch_id))
EXECUTE FUNCTION ledger_refuse('a payout stays what was asked for');
CREATE TRIGGER payouts_step BEFORE UPDATE OF status ON payouts FOR EACH ROW
WHEN (NEW.status <> OLD.status AND (OLD.status || ' ' || NEW.status) NOT IN (
  'requested approved', 'requested rejected', 'requested cancelled', 'approved rejected', 'approved cancelled',
  'approved exported', 'exported paid', 'exported returned', 'paid returned'))
EXECUTE FUNCTION ledger_refuse('a payout takes its steps in order');
CREATE TRIGGER payouts_with_money BEFORE UPDATE OF status ON payouts FOR EACH ROW
WHEN (NEW.status <> OLD.status)
EXECUTE FUNCTION payouts_with_money();
CREATE TRIGGER payouts_no_delete BEFORE DELETE ON payouts
FOR EACH ROW EXECUTE FUNCTION ledger_refuse('payouts are not deleted');
CREATE TRIGGER payouts_no_truncate BEFORE TRUNCATE ON payouts
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('payouts are not deleted');
-- end
