-- Prescriptions: a draft is its doctor's alone; signed, it is the patient's, and stays as it is.

CREATE TABLE prescriptions (
  id UUID NOT NULL PRIMARY KEY,
  visit_id UUID NOT NULL REFERENCES visits (id),
  doctor_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('draft', 'signed', 'cancelled')),
  items BYTEA NOT NULL,
  items_count BIGINT NOT NULL CHECK (items_count BETWEEN 0 AND 50),
  notes BYTEA,
  reason BYTEA,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  signed_at BIGINT,
  cancelled_at BIGINT
) STRICT;
-- one that counts for each visit
CREATE UNIQUE INDEX prescriptions_once ON prescriptions (visit_id) WHERE status <> 'cancelled';
CREATE INDEX prescriptions_by_visit ON prescriptions (visit_id, created_at);
CREATE INDEX prescriptions_by_patient ON prescriptions (patient_id, created_at);

-- only sqlite
CREATE TRIGGER prescriptions_signed_stay BEFORE UPDATE ON prescriptions
WHEN OLD.status <> 'draft' AND (NEW.items_count <> OLD.items_count OR NEW.status = 'draft' OR OLD.status = 'cancelled')
  AND NOT (NEW.status = OLD.status AND NEW.items_count = OLD.items_count)
BEGIN SELECT RAISE(ABORT, 'a signed prescription stays as it is'); END;
-- end
-- only postgres
CREATE TRIGGER prescriptions_signed_stay BEFORE UPDATE ON prescriptions FOR EACH ROW
WHEN (OLD.status <> 'draft' AND (NEW.items_count <> OLD.items_count OR NEW.status = 'draft' OR OLD.status = 'cancelled')
  AND NOT (NEW.status = OLD.status AND NEW.items_count = OLD.items_count))
EXECUTE FUNCTION visits_refuse('a signed prescription stays as it is');
-- end
