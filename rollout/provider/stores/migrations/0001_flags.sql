-- The flag store of wa-rollout in a project's own PostgreSQL (14 or newer), 1 of 5: roles, flags, their history, rights.
-- Plain SQL, applied once by whoever applies your migrations: `psql -1 -f`, `supabase db push`, any other tool.
--
-- Nobody has rights on a table: what may be done is a function, owned by `rollout_owner`, as which nobody logs in.

do $$
declare
  wanted text;
begin
  foreach wanted in array array['rollout_owner', 'rollout_service', 'rollout_reporter', 'rollout_watcher', 'rollout_deployer'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
      execute format('create role %I nologin', wanted);
    end if;
    -- Who migrates makes things that `rollout_owner` owns, and may act as each of them (`set local role`). From 16 on who
    -- makes a role is its member, and may not: the grant is what lets them.
    execute format('grant %I to current_user', wanted);
  end loop;
end
$$;

create schema rollout authorization rollout_owner;
revoke all on schema rollout from public;
grant usage on schema rollout to rollout_service, rollout_reporter, rollout_watcher, rollout_deployer;

-- `reset role` at the end would undo a role that your migration tool has set: this one is remembered.
select set_config('rollout.migrating', current_user, false);
set role rollout_owner;

-- Which stacks this database serves, and whether it only plays: one row. A database is a simulator because it says so here.
create table rollout.meta (
  one boolean primary key default true check (one),
  version integer not null,
  simulator boolean not null default false,
  stacks text[] not null default '{}'
);
insert into rollout.meta (version) values (1);

-- `name`: wa-webhook-unified/<stack>/<FLAG>. `version`: microseconds since 1970 of the write, and always more than the one
-- before: a database that was set back to yesterday never gives the same version to another value.
create table rollout.flags (
  name text primary key check (length(name) between 1 and 512),
  value text not null,
  version bigint not null,
  written timestamptz not null,
  tags jsonb not null default '{}' check (jsonb_typeof(tags) = 'object')
);

create table rollout.history (
  id bigint generated always as identity primary key,
  name text not null,
  value text, -- null: the row was deleted
  version bigint not null,
  written timestamptz not null,
  tags jsonb not null,
  by_role text not null default session_user,
  at timestamptz not null default clock_timestamp()
);
create index history_of_a_flag on rollout.history (name, id);

-- The whole number that a value is, null where it is none: the provider's own rule. White space around it is none of it.
create function rollout.percent(value text) returns integer
language sql immutable parallel safe set search_path = '' as $$
  select case when length(digits) <= 20 and digits operator(pg_catalog.~) '^[0-9]+$' and digits::numeric <= 100 then digits::integer end
  from (select btrim(value, E'\t\n\x0b\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000') as digits) as trimmed
$$;

-- Whether `have` needs no lowering to `wanted`: the same text, or less as a whole number. What is no percent is more than any.
create function rollout.low(have text, wanted text) returns boolean
language sql immutable parallel safe set search_path = '' as $$
  select have = wanted or coalesce(rollout.percent(have) < rollout.percent(wanted), false)
$$;

-- The time a row carries: a simulator's virtual one where it was handed over, else the clock.
create function rollout.clock() returns timestamptz
language sql volatile set search_path = '' as $$
  select coalesce(
    (select nullif(current_setting('rollout.virtual', true), '')::timestamptz from rollout.meta where simulator),
    clock_timestamp())
$$;

-- A stop's own mark, `<uuid>@<time>`: by the real clock, for it is held against the times of commits.
create function rollout.mark() returns text
language sql volatile set search_path = '' as $$
  select gen_random_uuid()::text || '@' || to_char(clock_timestamp() at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"')
$$;

-- Every change of a value is a new version and a line of the history, whoever makes it and however; one that lowers is a
-- stop, also by hand: its mark is what a raise must have been judged with.
create function rollout.flag_written() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  before_value text := case when tg_op = 'UPDATE' then old.value end;
begin
  if tg_op = 'UPDATE' and new.value = old.value then
    new.version := old.version;
    new.written := old.written;
    return new;
  end if;
  new.version := greatest(
    (extract(epoch from clock_timestamp()) * 1000000)::bigint,
    case when tg_op = 'UPDATE' then old.version + 1 else 0 end);
  new.written := rollout.clock();
  if tg_op = 'UPDATE' and (rollout.low(new.value, old.value) or new.value = 'false' or (rollout.percent(old.value) is null and old.value <> 'false'))
      and new.tags ->> 'stopped' is not distinct from old.tags ->> 'stopped' then
    new.tags := new.tags || jsonb_build_object('stopped', rollout.mark() || ':' || new.value);
  end if;
  insert into rollout.history (name, value, version, written, tags) values (new.name, new.value, new.version, new.written, new.tags);
  return new;
end
$$;
create trigger flag_written before insert or update on rollout.flags for each row execute function rollout.flag_written();

create function rollout.flag_deleted() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into rollout.history (name, version, written, tags) values (old.name, old.version, rollout.clock(), old.tags);
  return old;
end
$$;
create trigger flag_deleted after delete on rollout.flags for each row execute function rollout.flag_deleted();

create function rollout.history_stays() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception 'rollout.history is appended to, and never changed' using errcode = '42501';
end
$$;
create trigger history_stays before update or delete or truncate on rollout.history execute function rollout.history_stays();

-- The row that every reader must see. Where row level security hides it, nothing is known: it never looks like "absent".
insert into rollout.flags (name, value, version, written) values ('rollout/canary', 'seen', 0, now());

alter table rollout.meta enable row level security;
alter table rollout.flags enable row level security;
alter table rollout.history enable row level security;
alter table rollout.meta force row level security;
alter table rollout.flags force row level security;
alter table rollout.history force row level security;
create policy owner on rollout.meta to rollout_owner using (true) with check (true);
create policy owner on rollout.flags to rollout_owner using (true) with check (true);
create policy owner on rollout.history to rollout_owner using (true) with check (true);

-- What every answer carries: is this the right database, and can it be seen? `canary` false: believe nothing of it.
create function rollout.surroundings() returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object(
    'canary', exists (select from rollout.flags where name = 'rollout/canary' and value = 'seen'),
    'schema', (select version from rollout.meta),
    'simulator', (select simulator from rollout.meta),
    'stacks', (select to_jsonb(stacks) from rollout.meta))
$$;

create function rollout.shown(flag rollout.flags) returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_build_object(
    'name', flag.name, 'value', flag.value, 'version', flag.version, 'tags', flag.tags,
    'written', to_char(flag.written at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
$$;

-- The flags of these names; a name that isn't answered is absent.
create function rollout.read(names text[]) returns jsonb
language sql stable security definer set search_path = '' as $$
  select rollout.surroundings() || jsonb_build_object('flags', coalesce(
    (select jsonb_agg(rollout.shown(flag)) from rollout.flags as flag where flag.name = any(names)), '[]'))
$$;

-- Brings a flag down, unconditionally: to `wanted`, or it stays where it is lower. `stop` is the stop's own mark (null: a
-- new one). An absent row is made only where `make` says so: for the service it is 0 already. Answers the row, null where
-- there is none.
--   A stop by hand:  select rollout.lower('wa-webhook-unified/prod/JOBS_ROLLOUT_PERCENT', '0');
create function rollout.lower(
  of_flag text, wanted text, stop text default null, marks jsonb default '{}', make boolean default false,
  virtual timestamptz default null
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  done rollout.flags;
begin
  if rollout.percent(wanted) is null and wanted is distinct from 'false' then
    raise exception 'a flag is lowered to a whole number from 0 to 100, or to false' using errcode = '22023';
  end if;
  perform set_config('rollout.virtual', coalesce(virtual::text, ''), true);
  -- One statement. The mark holds the lower of the two values: of two stops the lower one wins.
  update rollout.flags as f set
    value = case when rollout.low(f.value, wanted) then f.value else wanted end,
    tags = f.tags || marks || jsonb_build_object('stopped', coalesce(split_part(stop, ':', 1), rollout.mark())
      || ':' || case when rollout.low(f.value, wanted) then f.value else wanted end)
  where f.name = of_flag
  returning f.* into done;
  if not found and make then
    begin
      insert into rollout.flags (name, value, version, written, tags) values (of_flag, wanted, 0, now(), marks)
      returning * into done;
    exception when unique_violation then -- somebody made it at the same moment: that one is lowered
      return rollout.lower(of_flag, wanted, stop, marks, false, virtual);
    end;
  end if;
  return rollout.surroundings() || jsonb_build_object('flag', case when done.name is not null then rollout.shown(done) end);
end
$$;

-- Writes a judged raise: over the version it was judged with (null: over no row) and the stop's mark it was judged with.
-- Answers the row; null: it was moved meanwhile, and nothing is written. `drop`: tags that go with it.
create function rollout.raise(
  of_flag text, wanted text, over bigint, stopped text, marks jsonb default '{}', drop text[] default '{}',
  virtual timestamptz default null
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  done rollout.flags;
begin
  if not exists (select from rollout.meta where split_part(of_flag, '/', 2) = any(stacks)) then
    raise exception 'rollout.meta names no stack % here', split_part(of_flag, '/', 2) using errcode = 'RO001';
  end if;
  perform set_config('rollout.virtual', coalesce(virtual::text, ''), true);
  if over is null then
    insert into rollout.flags (name, value, version, written, tags) values (of_flag, wanted, 0, now(), marks)
    on conflict (name) do nothing returning * into done;
  else
    update rollout.flags as f set value = wanted, tags = (f.tags || marks) - drop
    where f.name = of_flag and f.version = over and f.tags ->> 'stopped' is not distinct from stopped
    returning f.* into done;
  end if;
  return rollout.surroundings() || jsonb_build_object('flag', case when done.name is not null then rollout.shown(done) end);
end
$$;

-- Marks beside a value, without touching it. Answers the row, null where there is none.
create function rollout.tag(of_flag text, marks jsonb) returns jsonb
language sql security definer set search_path = '' as $$
  with done as (update rollout.flags as f set tags = f.tags || marks where f.name = of_flag returning f.*)
  select rollout.surroundings() || jsonb_build_object('flag', (select rollout.shown(d::rollout.flags) from done as d))
$$;

create function rollout.untag(of_flag text, keys text[]) returns jsonb
language sql security definer set search_path = '' as $$
  with done as (update rollout.flags as f set tags = f.tags - keys where f.name = of_flag returning f.*)
  select rollout.surroundings() || jsonb_build_object('flag', (select rollout.shown(d::rollout.flags) from done as d))
$$;

do $$ begin execute format('set role %I', current_setting('rollout.migrating')); end $$;

-- Granted one by one. `anon` and `authenticated` get rights of their own from a Supabase project's default privileges.
do $$
declare
  nobody text;
begin
  for nobody in select 'public' union all select quote_ident(rolname) from pg_catalog.pg_roles where rolname in ('anon', 'authenticated', 'service_role') loop
    execute format('revoke all on all functions in schema rollout from %s', nobody);
    execute format('revoke all on all tables in schema rollout from %s', nobody);
  end loop;
end
$$;
grant execute on function rollout.surroundings() to rollout_service, rollout_reporter, rollout_watcher, rollout_deployer;
grant execute on function rollout.read(text[]) to rollout_service, rollout_watcher, rollout_deployer;
grant execute on function rollout.lower(text, text, text, jsonb, boolean, timestamptz) to rollout_watcher, rollout_deployer;
grant execute on function rollout.tag(text, jsonb) to rollout_watcher, rollout_deployer;
grant execute on function rollout.raise(text, text, bigint, text, jsonb, text[], timestamptz) to rollout_deployer;
grant execute on function rollout.untag(text, text[]) to rollout_deployer;
