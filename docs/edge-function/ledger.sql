-- The tables in which the isolates' counts meet, and the two functions that ledger.ts calls. Postgres 13 or newer.
-- The tables stay small: what was reported is deleted, what was missed too, and a message is remembered for a day.
-- Apply it once, as the owner of the project's tables (on Supabase: `supabase db push`, or psql as postgres).

begin;

-- Not `public`: the Data API shows nothing of this schema, whatever a project's default privileges are.
create schema if not exists rollout_edge;
revoke all on schema rollout_edge from public;

create table rollout_edge.counts (
  minute timestamptz not null,
  domain text not null,
  counter text not null,
  count bigint not null check (count >= 0),
  primary key (minute, domain, counter)
);

create table rollout_edge.reported (minute timestamptz primary key);

-- What each message has counted for already: a delivery that failed is tried again, and is the same message. `message` is a
-- digest (a message's id holds its sender's number).
create table rollout_edge.messages (
  domain text not null,
  message text not null check (length(message) <= 64),
  counter text not null,
  minute timestamptz not null,
  primary key (domain, message, counter)
);
create index on rollout_edge.messages (minute);

-- Row level security without a policy, and no grant: only the functions below, which run as their owner, get in.
alter table rollout_edge.counts enable row level security;
alter table rollout_edge.reported enable row level security;
alter table rollout_edge.messages enable row level security;

-- Adds to the minute that runs on the database's clock: `counts`, and `once` for each of `messages` that hasn't counted for
-- that counter yet. All `Latency/<ms>` are one counter here: a message's first answer is the one that is timed. In the order
-- of the keys: two of these at the same time would else wait for each other's rows.
create function public.rollout_count(of_domain text, counts jsonb, messages text[] default '{}', once jsonb default '{}')
returns void language sql security definer set search_path = '' as $$
  with fresh as (
    insert into rollout_edge.messages (domain, message, counter, minute)
    select distinct of_domain, m.message, split_part(o.key, '/', 1), date_trunc('minute', now())
    from unnest(messages) as m (message) cross join jsonb_each_text(once) as o
    where o.value::bigint > 0
    order by 2, 3
    on conflict do nothing
    returning message, counter
  ),
  added as (
    select c.key as counter, c.value::bigint as count from jsonb_each_text(counts) as c
    union all
    select o.key, o.value::bigint * (select count(*) from fresh f where f.counter = split_part(o.key, '/', 1))
    from jsonb_each_text(once) as o
  )
  insert into rollout_edge.counts as s (minute, domain, counter, count)
  select date_trunc('minute', now()), of_domain, a.counter, sum(a.count) from added as a group by a.counter order by a.counter
  on conflict (minute, domain, counter) do update set count = s.count + excluded.count
$$;

-- Domain -> counter -> count of the minute that began `at`, for the first who asks; null for everybody after.
create function public.rollout_take(at timestamptz) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  found_counts jsonb;
begin
  insert into rollout_edge.reported (minute)
  select at where not exists (select from rollout_edge.reported where minute >= at)
  on conflict do nothing;
  if not found then
    return null;
  end if;
  with gone as (delete from rollout_edge.counts where minute <= at returning minute, domain, counter, count),
  sums as (select domain, jsonb_object_agg(counter, count) as counts from gone where minute = at group by domain)
  select coalesce(jsonb_object_agg(domain, counts), '{}') into found_counts from sums;
  delete from rollout_edge.reported where minute < at;
  delete from rollout_edge.messages where minute < at - interval '24 hours';
  return found_counts;
end
$$;

-- A project made before 2026-05-30 gives `anon` and `authenticated` every new function of `public`, PostgreSQL itself gives
-- it to everybody, and a newer project gives `service_role` nothing: so all of it is written out.
do $$
declare
  mine constant text := 'public.rollout_count(text, jsonb, text[], jsonb), public.rollout_take(timestamptz)';
  one text;
begin
  execute format('revoke all on function %s from public', mine);
  for one in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on function %s from %I', mine, one);
  end loop;
  for one in select rolname from pg_roles where rolname in ('service_role', 'rollout_service') loop
    execute format('grant execute on function %s to %I', mine, one);
  end loop;
end
$$;

notify pgrst, 'reload schema';
commit;
