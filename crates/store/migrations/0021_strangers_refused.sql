-- Whether the audit log has an entry of a stranger's word that this authority was paid, and refused. Nothing limits who brings
-- a known authority again and again: the log has one entry of each.

ALTER TABLE charge_authorities ADD COLUMN stranger_refused BOOLEAN NOT NULL DEFAULT FALSE;
