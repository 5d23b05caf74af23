-- 2 of 5: the counters that a raise is judged by, a row a minute. What a reporter has, zeros too, is written once.

select set_config('rollout.migrating', current_user, false);
set role rollout_owner;

-- `minute`: when it began. `arrived`: when the row came, on the clock of the stack: what came later is a gap for whoever looked.
create table rollout.minutes (
  minute timestamptz not null,
  service text not null,
  domain text not null,
  counter text not null,
  value bigint not null check (value >= 0),
  arrived timestamptz not null default rollout.clock(),
  primary key (minute, service, domain, counter)
);
create index minutes_of_a_domain on rollout.minutes (domain, minute);

alter table rollout.minutes enable row level security;
alter table rollout.minutes force row level security;
create policy owner on rollout.minutes to rollout_owner using (true) with check (true);

-- How long rows are kept. The gate looks back at most 28 days before day 1 and 22 after it; the report is the longest reader.
create function rollout.kept() returns interval language sql immutable set search_path = '' as $$ select interval '62 days' $$;

-- Writes one minute of one service and domain: {"Requests": 120, "Errors": 0, ...}. The same minute and counter twice is
-- refused (23505), whole: a repeated report must not count twice.
create function rollout.add_counts(at timestamptz, of_service text, of_domain text, counts jsonb, virtual timestamptz default null)
returns void
language plpgsql security definer set search_path = '' as $$
declare
  now_is timestamptz; -- once: a clock that is asked a row would keep the index from being used
begin
  if at is null or date_trunc('minute', at) <> at then
    raise exception 'a minute begins at a whole minute' using errcode = '22023';
  end if;
  if jsonb_typeof(counts) is distinct from 'object' or exists (
      select from jsonb_each(counts) where jsonb_typeof(value) <> 'number' or value::numeric < 0 or value::numeric % 1 <> 0) then
    raise exception 'counts are an object of whole numbers from 0 on' using errcode = '22023';
  end if;
  perform set_config('rollout.virtual', coalesce(virtual::text, ''), true);
  now_is := rollout.clock();
  insert into rollout.minutes (minute, service, domain, counter, value, arrived)
  select at, of_service, of_domain, key, value::numeric::bigint, now_is from jsonb_each(counts) order by key;
  if extract(minute from at) = 0 then -- once an hour, a bounded part
    delete from rollout.minutes where ctid = any(array(
      select ctid from rollout.minutes where minute < now_is - rollout.kept() limit 20000));
  end if;
end
$$;

-- Sums and numbers of rows by period, of any number of questions [[domain, from, to, period], ...] (seconds since 1970;
-- `to` isn't included) in one. Rows that came after `as_of` aren't there yet. Answers [[question's number, service,
-- counter, period's start, sum, rows], ...]; only periods that have rows.
create function rollout.counted(questions jsonb, as_of timestamptz default null) returns jsonb
language sql stable security definer set search_path = '' as $$
  select rollout.surroundings() || jsonb_build_object('rows', coalesce(jsonb_agg(jsonb_build_array(
    number, service, counter, extract(epoch from start)::bigint, total, data)), '[]'))
  from (
    select asked.number, m.service, m.counter, date_bin(asked.period, m.minute, asked.since) as start, sum(m.value) as total, count(*) as data
    from (
      select number - 1 as number, question ->> 0 as domain, to_timestamp((question ->> 1)::bigint) as since,
        to_timestamp((question ->> 2)::bigint) as until, (question ->> 3)::integer * interval '1 second' as period
      from jsonb_array_elements(questions) with ordinality as each (question, number)
    ) as asked
    join rollout.minutes as m on m.domain = asked.domain and m.minute >= asked.since and m.minute < asked.until
    where as_of is null or m.arrived <= as_of
    group by 1, 2, 3, 4
  ) as periods
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
grant execute on function rollout.add_counts(timestamptz, text, text, jsonb, timestamptz) to rollout_reporter, rollout_service, rollout_deployer;
grant execute on function rollout.counted(jsonb, timestamptz) to rollout_watcher, rollout_deployer;
