-- The table in which the isolates' counts meet, and the two functions that ledger.ts calls. Postgres 13 or newer.
-- Both tables stay small: what was reported is deleted, what was missed too.

create table rollout_counts (
  minute timestamptz not null,
  domain text not null,
  counter text not null,
  count bigint not null check (count >= 0),
  primary key (minute, domain, counter)
);

create table rollout_reported (minute timestamptz primary key);

-- Adds to the minute that runs on the database's clock. In the order of the keys: two of these at the same time
-- would else wait for each other's rows.
create function rollout_add(of_domain text, counts jsonb) returns void language sql as $$
  insert into rollout_counts (minute, domain, counter, count)
  select date_trunc('minute', now()), of_domain, key, value::bigint from jsonb_each_text(counts) order by key
  on conflict (minute, domain, counter) do update set count = rollout_counts.count + excluded.count
$$;

-- Domain -> counter -> count of the minute that began `at`, for the first who asks; null for everybody after.
create function rollout_take(at timestamptz) returns jsonb language plpgsql as $$
declare
  found_counts jsonb;
begin
  insert into rollout_reported (minute)
  select at where not exists (select from rollout_reported where minute >= at)
  on conflict do nothing;
  if not found then
    return null;
  end if;
  with gone as (delete from rollout_counts where minute <= at returning minute, domain, counter, count),
  sums as (select domain, jsonb_object_agg(counter, count) as counts from gone where minute = at group by domain)
  select coalesce(jsonb_object_agg(domain, counts), '{}') into found_counts from sums;
  delete from rollout_reported where minute < at;
  return found_counts;
end
$$;

-- Without a policy nobody but the service role may count, or report: the functions run with their caller's rights.
alter table rollout_counts enable row level security;
alter table rollout_reported enable row level security;
