-- People and their logins. Moments are microseconds since 1970 UTC; sealed columns are AEAD values
-- (keyring.rs); *_index columns are keyed blind indexes, the only way to look sealed values up.

CREATE TABLE users (
  id UUID NOT NULL PRIMARY KEY,
  role TEXT NOT NULL CHECK (role IN ('patient', 'doctor', 'staff', 'admin')),
  phone BYTEA NOT NULL,
  phone_index BYTEA NOT NULL UNIQUE,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  email BYTEA,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
) STRICT;
CREATE INDEX users_by_role ON users (role, id);

CREATE TABLE patients (
  user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id),
  national_id BYTEA,
  national_id_index BYTEA,
  date_of_birth TEXT,
  gender TEXT CHECK (gender IN ('male', 'female')),
  address BYTEA,
  emergency_contact BYTEA,
  medical_info BYTEA,
  insurance BYTEA
) STRICT;
CREATE INDEX patients_by_national_id ON patients (national_id_index);

CREATE TABLE sessions (
  id UUID NOT NULL PRIMARY KEY,
  user_id UUID NOT NULL REFERENCES users (id),
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  user_agent TEXT NOT NULL,
  address TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX sessions_by_revocation ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE phone_blocks (
  phone_index BYTEA NOT NULL PRIMARY KEY,
  reason TEXT NOT NULL,
  blocked_at BIGINT NOT NULL
) STRICT;

CREATE TABLE doctors (
  user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id),
  council_number TEXT NOT NULL UNIQUE,
  specialty TEXT NOT NULL,
  province TEXT NOT NULL,
  city TEXT NOT NULL,
  gender TEXT CHECK (gender IN ('male', 'female')),
  languages TEXT NOT NULL,
  experience_years BIGINT NOT NULL CHECK (experience_years BETWEEN 0 AND 80),
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
) STRICT;
CREATE INDEX doctors_by_status ON doctors (status, user_id);
