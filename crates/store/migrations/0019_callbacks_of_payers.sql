-- Whose a callback is. Who was sent to pay has brought the charge's id with it, and nothing that strangers bring makes that
-- go: some gateways can't be asked without it.

ALTER TABLE charge_callbacks ADD COLUMN is_payers BOOLEAN NOT NULL DEFAULT FALSE;
