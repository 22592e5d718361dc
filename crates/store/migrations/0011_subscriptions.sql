-- Subscriptions (D34), discount codes, quotas. Days are Gregorian ISO dates in Tehran's calendar; a subscription lasts
-- from its start_date up to the midnight that begins its end_date.

-- What can be subscribed to. 'free' is what everybody without a subscription has; it is not for sale.
CREATE TABLE plans (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  -- Rials a month
  price BIGINT NOT NULL CHECK (price >= 0),
  -- a JSON list of texts, as they are shown
  features TEXT NOT NULL,
  -- -1: unlimited
  monthly_consultations BIGINT NOT NULL CHECK (monthly_consultations >= -1),
  storage_mb BIGINT NOT NULL CHECK (storage_mb >= -1),
  ai_queries BIGINT NOT NULL CHECK (ai_queries >= -1),
  -- the plan's own discount, valid through the whole of that day
  discount_percent BIGINT CHECK (discount_percent BETWEEN 1 AND 100),
  discount_until TEXT,
  -- whether its subscribers have the premium rate limit (D6)
  is_premium BOOLEAN NOT NULL,
  is_active BOOLEAN NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((discount_percent IS NULL) = (discount_until IS NULL)),
  CHECK ((id = 'free') = (price = 0))
) STRICT;

-- The two of the reference, and the one without a price. Visits are paid one by one, so that the free plan's
-- consultations are unlimited.
INSERT INTO plans (id, name, price, features, monthly_consultations, storage_mb, ai_queries, is_premium, is_active,
                   updated_at)
SELECT 'free', 'پلن رایگان', 0, '["دسترسی محدود به چت‌بات پزشکی","ذخیره‌سازی 50MB"]', -1, 50, 20, (1 = 0), (1 = 1), 0;
INSERT INTO plans (id, name, price, features, monthly_consultations, storage_mb, ai_queries, is_premium, is_active,
                   updated_at)
SELECT 'basic', 'پلن پایه', 99000, '["5 ویزیت آنلاین در ماه","دسترسی به چت‌بات پزشکی","ذخیره‌سازی 100MB"]', 5, 100, 50,
  (1 = 0), (1 = 1), 0;
INSERT INTO plans (id, name, price, features, monthly_consultations, storage_mb, ai_queries, is_premium, is_active,
                   updated_at)
SELECT 'premium', 'پلن طلایی', 299000,
  '["ویزیت آنلاین نامحدود","اولویت در رزرو","دسترسی کامل به AI","ذخیره‌سازی 1GB"]', -1, 1024, -1,
  (1 = 1), (1 = 1), 0;

CREATE TABLE subscriptions (
  id UUID NOT NULL PRIMARY KEY,
  user_id UUID NOT NULL REFERENCES users (id),
  plan_id TEXT NOT NULL REFERENCES plans (id),
  status TEXT NOT NULL CHECK (status IN ('active', 'past_due', 'expired', 'replaced')),
  -- all months that were bought: the end is the start and so many calendar months
  months BIGINT NOT NULL CHECK (months > 0),
  start_date TEXT NOT NULL,
  end_date TEXT NOT NULL CHECK (end_date > start_date),
  auto_renew BOOLEAN NOT NULL,
  -- its limits apply until then: its end, and the days of grace if it renews itself
  live_until BIGINT NOT NULL,
  -- when it is to be renewed, tried again or ended
  due_at BIGINT CHECK ((status IN ('active', 'past_due')) = (due_at IS NOT NULL)),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
) STRICT;
-- nobody has two at a time
CREATE UNIQUE INDEX subscriptions_one_live ON subscriptions (user_id) WHERE status IN ('active', 'past_due');
CREATE INDEX subscriptions_by_user ON subscriptions (user_id, created_at);
CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE due_at IS NOT NULL;

-- What was bought, with its price as it was then. Pending: waits for a gateway; its subscription is made or
-- extended when the money is here.
CREATE TABLE subscription_purchases (
  -- also the id of the ledger's posting
  id UUID NOT NULL PRIMARY KEY,
  subscription_id UUID NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id),
  plan_id TEXT NOT NULL REFERENCES plans (id),
  kind TEXT NOT NULL CHECK (kind IN ('begin', 'extend', 'upgrade', 'renewal')),
  status TEXT NOT NULL CHECK (status IN ('pending', 'paid', 'abandoned')),
  months BIGINT NOT NULL CHECK (months > 0),
  method TEXT NOT NULL CHECK (method IN ('wallet', 'online')),
  amount BIGINT NOT NULL CHECK (amount >= 0),
  discount BIGINT NOT NULL CHECK (discount >= 0),
  -- of the subscription that it replaces
  credit BIGINT NOT NULL CHECK (credit >= 0),
  -- what of that was left over and went to the wallet
  returned BIGINT NOT NULL CHECK (returned >= 0),
  total BIGINT NOT NULL CHECK (total >= 0 AND total = amount - discount - credit),
  code TEXT,
  auto_renew BOOLEAN NOT NULL,
  -- the subscription that it replaces, and the end that its credit was reckoned with
  base_id UUID,
  base_end TEXT,
  -- the days that it pays for
  start_date TEXT NOT NULL,
  end_date TEXT NOT NULL CHECK (end_date > start_date),
  created_at BIGINT NOT NULL,
  -- a pending one is abandoned then
  due_at BIGINT CHECK ((status = 'pending') = (due_at IS NOT NULL)),
  CHECK ((base_id IS NULL) = (base_end IS NULL)),
  CHECK (returned = 0 OR total = 0)
) STRICT;
CREATE INDEX subscription_purchases_by_subscription ON subscription_purchases (subscription_id, start_date);
CREATE INDEX subscription_purchases_due ON subscription_purchases (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX subscription_purchases_pending ON subscription_purchases (user_id, due_at) WHERE status = 'pending';

CREATE TABLE discount_codes (
  -- capital letters, digits, '-' and '_'
  code TEXT NOT NULL PRIMARY KEY,
  percent BIGINT CHECK (percent BETWEEN 1 AND 100),
  amount BIGINT CHECK (amount > 0),
  -- both days included; null: not bounded
  valid_from TEXT,
  valid_until TEXT,
  per_user_cap BIGINT CHECK (per_user_cap > 0),
  total_cap BIGINT CHECK (total_cap > 0),
  -- null: for every plan
  plan_id TEXT REFERENCES plans (id),
  redeemed BIGINT NOT NULL CHECK (redeemed >= 0 AND (total_cap IS NULL OR redeemed <= total_cap)),
  created_at BIGINT NOT NULL,
  CHECK ((percent IS NULL) <> (amount IS NULL))
) STRICT;
CREATE INDEX discount_codes_by_age ON discount_codes (created_at, code);

-- One row a redemption; given back when what it was for was never paid.
CREATE TABLE code_redemptions (
  purchase_id UUID NOT NULL PRIMARY KEY,
  code TEXT NOT NULL REFERENCES discount_codes (code),
  user_id UUID NOT NULL,
  created_at BIGINT NOT NULL
) STRICT;
CREATE INDEX code_redemptions_by_user ON code_redemptions (code, user_id);

-- What was used of a quota in a period; a limit is in the condition of the statement that counts.
CREATE TABLE quota_usage (
  user_id UUID NOT NULL,
  quota TEXT NOT NULL CHECK (quota IN ('monthly_consultations', 'storage_mb', 'ai_queries')),
  -- its first day; 1970-01-01 for what is not counted by the month
  period TEXT NOT NULL,
  -- consultations, queries, bytes
  used BIGINT NOT NULL CHECK (used >= 0),
  PRIMARY KEY (user_id, quota, period)
) STRICT;
