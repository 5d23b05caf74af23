-- 3 of 5: alert policies as rows, what the watch found of them, and the watch's heartbeat.

select set_config('rollout.migrating', current_user, false);
set role rollout_owner;

-- `inputs`: the policy as the stack asks for it. `state`: ok, alarm, no-data; null until the watch has looked.
create table rollout.policies (
  name text primary key,
  inputs jsonb not null check (jsonb_typeof(inputs) = 'object'),
  state text check (state in ('ok', 'alarm', 'no-data')),
  reason text not null default '',
  since timestamptz
);

create table rollout.policy_changes (
  id bigint generated always as identity primary key,
  name text not null,
  was text,
  state text not null,
  reason text not null,
  at timestamptz not null
);

-- When a watch last looked at a stack. Nothing fires where nobody looks: whoever comes next tells how long that is.
create table rollout.heartbeats (
  stack text primary key,
  at timestamptz not null,
  by_role text not null default session_user
);

alter table rollout.policies enable row level security;
alter table rollout.policies force row level security;
alter table rollout.policy_changes enable row level security;
alter table rollout.policy_changes force row level security;
alter table rollout.heartbeats enable row level security;
alter table rollout.heartbeats force row level security;
create policy owner on rollout.policies to rollout_owner using (true) with check (true);
create policy owner on rollout.policy_changes to rollout_owner using (true) with check (true);
create policy owner on rollout.heartbeats to rollout_owner using (true) with check (true);

create function rollout.policies_read(names text[]) returns jsonb
language sql stable security definer set search_path = '' as $$
  select rollout.surroundings() || jsonb_build_object('policies', coalesce((select jsonb_agg(to_jsonb(policy)) from rollout.policies as policy where name = any(names)), '[]'))
$$;

create function rollout.policy_write(of_name text, wanted jsonb) returns jsonb
language sql security definer set search_path = '' as $$
  with done as (
    insert into rollout.policies as p (name, inputs) values (of_name, wanted)
    on conflict (name) do update set inputs = excluded.inputs,
      state = case when p.inputs = excluded.inputs then p.state end
    returning *)
  select rollout.surroundings() || jsonb_build_object('policies', (select jsonb_agg(to_jsonb(done)) from done))
$$;

create function rollout.policy_delete(of_name text) returns jsonb
language sql security definer set search_path = '' as $$
  with done as (delete from rollout.policies where name = of_name returning *)
  select rollout.surroundings() || jsonb_build_object('policies', coalesce((select jsonb_agg(to_jsonb(done)) from done), '[]'))
$$;

-- What a look found: {"name": ..., "state": ..., "reason": ...} a policy. Answers the changes, the first state of a policy too.
create function rollout.looked(of_stack text, states jsonb, now_is timestamptz default null) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  changes jsonb;
begin
  perform set_config('rollout.virtual', coalesce(now_is::text, ''), true);
  insert into rollout.heartbeats (stack, at) values (of_stack, rollout.clock())
  on conflict (stack) do update set at = excluded.at, by_role = session_user;
  with seen as (select one ->> 'name' as name, one ->> 'state' as state, one ->> 'reason' as reason from jsonb_array_elements(states) as one),
  before as (select p.name, p.state from rollout.policies as p join seen using (name) order by p.name for update of p),
  moved as (
    update rollout.policies as p set state = seen.state, reason = seen.reason, since = rollout.clock()
    from seen join before using (name)
    where p.name = seen.name and before.state is distinct from seen.state
    returning p.name, before.state as was, p.state, p.reason, p.since),
  told as (insert into rollout.policy_changes (name, was, state, reason, at) select name, was, state, reason, since from moved returning *)
  select coalesce(jsonb_agg(to_jsonb(told)), '[]') into changes from told;
  return rollout.surroundings() || jsonb_build_object('changes', changes);
end
$$;

-- Seconds since a watch last looked at a stack; null: never.
create function rollout.silent_for(of_stack text, now_is timestamptz default null) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  seconds double precision;
begin
  perform set_config('rollout.virtual', coalesce(now_is::text, ''), true);
  select extract(epoch from rollout.clock() - at) into seconds from rollout.heartbeats where stack = of_stack;
  return rollout.surroundings() || jsonb_build_object('seconds', seconds);
end
$$;

do $$ begin execute format('set role %I', current_setting('rollout.migrating')); end $$;

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
grant execute on function rollout.policies_read(text[]) to rollout_watcher, rollout_deployer;
grant execute on function rollout.silent_for(text, timestamptz) to rollout_watcher, rollout_deployer, rollout_reporter;
grant execute on function rollout.looked(text, jsonb, timestamptz) to rollout_watcher, rollout_deployer;
grant execute on function rollout.policy_write(text, jsonb) to rollout_deployer;
grant execute on function rollout.policy_delete(text) to rollout_deployer;
