-- What doctors offer, and what can be chosen from. Money is whole Rials.

CREATE TABLE specialties (
  code TEXT NOT NULL PRIMARY KEY,
  title TEXT NOT NULL,
  title_en TEXT NOT NULL,
  is_active BOOLEAN NOT NULL,
  updated_at BIGINT NOT NULL
) STRICT;

CREATE TABLE cities (
  province TEXT NOT NULL,
  city TEXT NOT NULL,
  is_active BOOLEAN NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (province, city)
) STRICT;

-- coverage: what an insurer pays of a doctor's fee (D20)
CREATE TABLE insurers (
  name TEXT NOT NULL PRIMARY KEY,
  coverage_percent BIGINT NOT NULL CHECK (coverage_percent BETWEEN 0 AND 100),
  is_active BOOLEAN NOT NULL,
  updated_at BIGINT NOT NULL
) STRICT;

CREATE TABLE drugs (
  code TEXT NOT NULL PRIMARY KEY,
  name_fa TEXT NOT NULL,
  name_en TEXT NOT NULL,
  drug_class TEXT NOT NULL
) STRICT;

-- what a search needs to notice: each change of what is shown about a doctor raises the version
ALTER TABLE doctors ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE doctors ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE doctors ADD COLUMN rating_sum BIGINT NOT NULL DEFAULT 0;
ALTER TABLE doctors ADD COLUMN rating_count BIGINT NOT NULL DEFAULT 0;
CREATE INDEX doctors_by_change ON doctors (changed_at, user_id, version);

-- a doctor without a row has not set anything yet and can't be booked; schedule, preferences and insurers are
-- JSON that the domain reads (schedule.rs, practice.rs)
CREATE TABLE practices (
  doctor_id UUID NOT NULL PRIMARY KEY REFERENCES doctors (user_id),
  online_enabled BOOLEAN NOT NULL,
  in_person_enabled BOOLEAN NOT NULL,
  online_fee BIGINT NOT NULL CHECK (online_fee >= 0),
  in_person_fee BIGINT NOT NULL CHECK (in_person_fee >= 0),
  schedule TEXT NOT NULL,
  preferences TEXT NOT NULL,
  insurers TEXT NOT NULL,
  address TEXT NOT NULL,
  about TEXT NOT NULL,
  updated_at BIGINT NOT NULL
) STRICT;
