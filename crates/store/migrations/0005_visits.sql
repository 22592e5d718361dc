-- Visits, and the times that they occupy. Statuses are those of D19; a pending visit holds its time until
-- hold_until and counts as cancelled from then on, also before somebody writes that down.

CREATE TABLE visits (
  id UUID NOT NULL PRIMARY KEY,
  doctor_id UUID NOT NULL REFERENCES doctors (user_id),
  patient_id UUID NOT NULL REFERENCES patients (user_id),
  reference TEXT NOT NULL UNIQUE,
  visit_type TEXT NOT NULL CHECK (visit_type IN ('online', 'in_person')),
  status TEXT NOT NULL CHECK (status IN ('pending', 'confirmed', 'in_progress', 'completed', 'cancelled', 'no_show')),
  -- 0, but for a visit that an admin put on top of another
  lane BIGINT NOT NULL CHECK (lane BETWEEN 0 AND 3),
  starts_at BIGINT NOT NULL CHECK (starts_at % 300000000 = 0),
  ends_at BIGINT NOT NULL CHECK (ends_at % 300000000 = 0 AND ends_at > starts_at AND ends_at - starts_at <= 14400000000),
  hold_until BIGINT CHECK ((status = 'pending') = (hold_until IS NOT NULL)),
  chief_complaint BYTEA NOT NULL,
  description BYTEA NOT NULL,
  insurer TEXT,
  insurance_number BYTEA,
  total BIGINT NOT NULL CHECK (total >= 0),
  insurance_share BIGINT NOT NULL CHECK (insurance_share >= 0),
  patient_share BIGINT NOT NULL CHECK (patient_share >= 0 AND total = insurance_share + patient_share),
  -- the cancellation policy as it was when the visit was booked (D21)
  policy_version BIGINT NOT NULL,
  free_until BIGINT NOT NULL,
  fee_percent BIGINT NOT NULL CHECK (fee_percent BETWEEN 0 AND 100),
  pay_token UUID NOT NULL UNIQUE,
  paid BIGINT NOT NULL CHECK (paid >= 0 AND paid <= patient_share),
  refunded BIGINT NOT NULL CHECK (refunded >= 0 AND refunded <= paid),
  -- how often it was moved: each move is told to two people
  moves BIGINT NOT NULL DEFAULT 0 CHECK (moves >= 0),
  paid_at BIGINT,
  started_at BIGINT,
  ended_at BIGINT,
  cancelled_at BIGINT,
  cancelled_by TEXT CHECK (cancelled_by IN ('patient', 'doctor', 'admin', 'expired')),
  reason BYTEA,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  -- a visit that takes place has been paid
  CHECK (status NOT IN ('confirmed', 'in_progress', 'completed', 'no_show') OR paid = patient_share)
) STRICT;
CREATE INDEX visits_by_patient ON visits (patient_id, starts_at, id, status, hold_until, doctor_id);
CREATE INDEX visits_by_doctor ON visits (doctor_id, starts_at, id, ends_at, status, hold_until);
CREATE INDEX visits_by_hold ON visits (hold_until) WHERE hold_until IS NOT NULL;

-- Every five minutes that a live visit occupies, of its doctor and of its patient. The primary keys are what
-- makes an overlap impossible; triggers keep the rows, so that nobody gets around them.
CREATE TABLE doctor_times (
  doctor_id UUID NOT NULL,
  bucket BIGINT NOT NULL,
  lane BIGINT NOT NULL,
  visit_id UUID NOT NULL,
  PRIMARY KEY (doctor_id, bucket, lane)
) STRICT;
CREATE INDEX doctor_times_by_visit ON doctor_times (visit_id);

CREATE TABLE patient_times (
  patient_id UUID NOT NULL,
  bucket BIGINT NOT NULL,
  visit_id UUID NOT NULL,
  PRIMARY KEY (patient_id, bucket)
) STRICT;
CREATE INDEX patient_times_by_visit ON patient_times (visit_id);

-- 0 to 47: the buckets of the longest visit
CREATE TABLE bucket_numbers (n BIGINT NOT NULL PRIMARY KEY) STRICT;
INSERT INTO bucket_numbers (n)
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 47) SELECT n FROM numbers;

-- only sqlite
-- a conflict clause of the statement that fires a trigger holds inside it too, so OR IGNORE and OR REPLACE would drop
-- rows there: the triggers look first, and what they raise no clause overrides
CREATE TRIGGER visits_take_time AFTER INSERT ON visits
WHEN NEW.status IN ('pending', 'confirmed', 'in_progress')
BEGIN
  SELECT RAISE(ABORT, 'doctor_times: another visit has this time') WHERE EXISTS (
    SELECT 1 FROM doctor_times WHERE doctor_id = NEW.doctor_id AND lane = NEW.lane
      AND bucket >= NEW.starts_at / 300000000 AND bucket < NEW.ends_at / 300000000);
  SELECT RAISE(ABORT, 'patient_times: another visit has this time') WHERE EXISTS (
    SELECT 1 FROM patient_times WHERE patient_id = NEW.patient_id
      AND bucket >= NEW.starts_at / 300000000 AND bucket < NEW.ends_at / 300000000);
  INSERT INTO doctor_times (doctor_id, bucket, lane, visit_id)
  SELECT NEW.doctor_id, NEW.starts_at / 300000000 + n, NEW.lane, NEW.id FROM bucket_numbers
  WHERE n < (NEW.ends_at - NEW.starts_at) / 300000000;
  INSERT INTO patient_times (patient_id, bucket, visit_id)
  SELECT NEW.patient_id, NEW.starts_at / 300000000 + n, NEW.id FROM bucket_numbers
  WHERE n < (NEW.ends_at - NEW.starts_at) / 300000000;
END;
CREATE TRIGGER visits_give_time_back AFTER UPDATE OF status ON visits
WHEN OLD.status IN ('pending', 'confirmed', 'in_progress')
  AND NEW.status NOT IN ('pending', 'confirmed', 'in_progress')
BEGIN
  DELETE FROM doctor_times WHERE visit_id = NEW.id;
  DELETE FROM patient_times WHERE visit_id = NEW.id;
END;
CREATE TRIGGER visits_move_time AFTER UPDATE OF starts_at, ends_at, lane ON visits
WHEN NEW.status IN ('pending', 'confirmed', 'in_progress')
BEGIN
  DELETE FROM doctor_times WHERE visit_id = NEW.id;
  DELETE FROM patient_times WHERE visit_id = NEW.id;
  SELECT RAISE(ABORT, 'doctor_times: another visit has this time') WHERE EXISTS (
    SELECT 1 FROM doctor_times WHERE doctor_id = NEW.doctor_id AND lane = NEW.lane
      AND bucket >= NEW.starts_at / 300000000 AND bucket < NEW.ends_at / 300000000);
  SELECT RAISE(ABORT, 'patient_times: another visit has this time') WHERE EXISTS (
    SELECT 1 FROM patient_times WHERE patient_id = NEW.patient_id
      AND bucket >= NEW.starts_at / 300000000 AND bucket < NEW.ends_at / 300000000);
  INSERT INTO doctor_times (doctor_id, bucket, lane, visit_id)
  SELECT NEW.doctor_id, NEW.starts_at / 300000000 + n, NEW.lane, NEW.id FROM bucket_numbers
  WHERE n < (NEW.ends_at - NEW.starts_at) / 300000000;
  INSERT INTO patient_times (patient_id, bucket, visit_id)
  SELECT NEW.patient_id, NEW.starts_at / 300000000 + n, NEW.id FROM bucket_numbers
  WHERE n < (NEW.ends_at - NEW.starts_at) / 300000000;
END;
CREATE TRIGGER visits_stay_ended BEFORE UPDATE OF status ON visits
WHEN OLD.status IN ('completed', 'cancelled', 'no_show') AND NEW.status <> OLD.status
BEGIN SELECT RAISE(ABORT, 'an ended visit stays as it is'); END;
CREATE TRIGGER visits_stay BEFORE DELETE ON visits
BEGIN SELECT RAISE(ABORT, 'visits are not deleted'); END;
CREATE TRIGGER visits_keep_people BEFORE UPDATE OF doctor_id, patient_id ON visits
BEGIN SELECT RAISE(ABORT, 'a visit stays with its people'); END;
-- end
-- only postgres
CREATE FUNCTION visits_take_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO doctor_times (doctor_id, bucket, lane, visit_id)
  SELECT NEW.doctor_id, NEW.starts_at / 300000000 + n, NEW.lane, NEW.id FROM bucket_numbers
  WHERE n < (NEW.ends_at - NEW.starts_at) / 300000000 ORDER BY n;
  INSERT INTO patient_times (patient_id, bucket, visit_id)
  SELECT NEW.patient_id, NEW.starts_at / 300000000 + n, NEW.id FROM bucket_numbers
  WHERE n < (NEW.ends_at - NEW.starts_at) / 300000000 ORDER BY n;
  RETURN NULL;
END $$;
CREATE FUNCTION visits_give_time_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM doctor_times WHERE visit_id = NEW.id;
  DELETE FROM patient_times WHERE visit_id = NEW.id;
  RETURN NULL;
END $$;
CREATE FUNCTION visits_move_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM doctor_times WHERE visit_id = NEW.id;
  DELETE FROM patient_times WHERE visit_id = NEW.id;
  INSERT INTO doctor_times (doctor_id, bucket, lane, visit_id)
  SELECT NEW.doctor_id, NEW.starts_at / 300000000 + n, NEW.lane, NEW.id FROM bucket_numbers
  WHERE n < (NEW.ends_at - NEW.starts_at) / 300000000 ORDER BY n;
  INSERT INTO patient_times (patient_id, bucket, visit_id)
  SELECT NEW.patient_id, NEW.starts_at / 300000000 + n, NEW.id FROM bucket_numbers
  WHERE n < (NEW.ends_at - NEW.starts_at) / 300000000 ORDER BY n;
  RETURN NULL;
END $$;
CREATE FUNCTION visits_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;
CREATE TRIGGER visits_take_time AFTER INSERT ON visits FOR EACH ROW
WHEN (NEW.status IN ('pending', 'confirmed', 'in_progress')) EXECUTE FUNCTION visits_take_time();
CREATE TRIGGER visits_give_time_back AFTER UPDATE OF status ON visits FOR EACH ROW
WHEN (OLD.status IN ('pending', 'confirmed', 'in_progress')
  AND NEW.status NOT IN ('pending', 'confirmed', 'in_progress')) EXECUTE FUNCTION visits_give_time_back();
CREATE TRIGGER visits_move_time AFTER UPDATE OF starts_at, ends_at, lane ON visits FOR EACH ROW
WHEN (NEW.status IN ('pending', 'confirmed', 'in_progress')) EXECUTE FUNCTION visits_move_time();
CREATE TRIGGER visits_stay_ended BEFORE UPDATE OF status ON visits FOR EACH ROW
WHEN (OLD.status IN ('completed', 'cancelled', 'no_show') AND NEW.status <> OLD.status)
EXECUTE FUNCTION visits_refuse('an ended visit stays as it is');
CREATE TRIGGER visits_stay BEFORE DELETE ON visits FOR EACH ROW
EXECUTE FUNCTION visits_refuse('visits are not deleted');
CREATE TRIGGER visits_keep_people BEFORE UPDATE OF doctor_id, patient_id ON visits FOR EACH ROW
EXECUTE FUNCTION visits_refuse('a visit stays with its people');
-- end

-- What was paid for a visit: for it, or too late for it (then it went to the wallet, D19).
CREATE TABLE visit_payments (
  id UUID NOT NULL PRIMARY KEY,
  visit_id UUID NOT NULL REFERENCES visits (id),
  method TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('payment', 'late', 'refund')),
  amount BIGINT NOT NULL CHECK (amount >= 0),
  created_at BIGINT NOT NULL
) STRICT;
CREATE UNIQUE INDEX visit_payments_once ON visit_payments (visit_id, kind) WHERE kind <> 'late';
CREATE INDEX visit_payments_by_visit ON visit_payments (visit_id);

-- One rating a visit (D26).
CREATE TABLE ratings (
  visit_id UUID NOT NULL PRIMARY KEY REFERENCES visits (id),
  doctor_id UUID NOT NULL,
  patient_id UUID NOT NULL,
  score BIGINT NOT NULL CHECK (score BETWEEN 1 AND 5),
  comment BYTEA,
  created_at BIGINT NOT NULL
) STRICT;
CREATE INDEX ratings_by_doctor ON ratings (doctor_id, created_at);
