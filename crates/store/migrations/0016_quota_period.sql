-- The period of the patient's monthly_consultations that a visit was counted in, by its first day: a cancellation takes it
-- back there, whatever the patient has subscribed to since. Null: not counted, not any more, or before this was kept.

ALTER TABLE visits ADD COLUMN quota_period TEXT;
