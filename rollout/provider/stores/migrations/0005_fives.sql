-- 5 of 5: the counters by five minutes, kept beside the minutes by a trigger, and the question that takes them from there:
-- of 60 days it reads a fifth of the rows. Without this file everything works, and old counters are read slowly.

select set_config('rollout.migrating', current_user, false);
set role rollout_owner;

-- `start`: a multiple of five minutes. `data`: of how many minutes `total` is.
create table rollout.fives (
  domain text not null,
  start timestamptz not null,
  service text not null,
  counter text not null,
  total bigint not null,
  data integer not null,
  primary key (domain, start, service, counter)
);

alter table rollout.fives enable row level security;
alter table rollout.fives force row level security;
create policy owner on rollout.fives to rollout_owner using (true) with check (true);

create function rollout.five(minute timestamptz) returns timestamptz
language sql immutable parallel safe set search_path = '' as $$
  select date_bin(interval '5 minutes', minute, timestamptz '2000-01-01 00:00:00Z')
$$;

-- Whatever is done to minutes, by whomever, is done here: one order of rows, so that two reporters never wait for each other.
create function rollout.minutes_added() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into rollout.fives as f (domain, start, service, counter, total, data)
  select domain, rollout.five(minute), service, counter, sum(value), count(*) from added group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (domain, start, service, counter) do update set total = f.total + excluded.total, data = f.data + excluded.data;
  return null;
end
$$;
create function rollout.minutes_gone() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update rollout.fives as f set total = f.total - g.total, data = f.data - g.data
  from (select domain, rollout.five(minute) as start, service, counter, sum(value) as total, count(*) as data
    from gone group by 1, 2, 3, 4 order by 1, 2, 3, 4) as g
  where (f.domain, f.start, f.service, f.counter) = (g.domain, g.start, g.service, g.counter);
  delete from rollout.fives as f using (select distinct domain, rollout.five(minute) as start from gone) as g
  where f.domain = g.domain and f.start = g.start and f.data = 0;
  return null;
end
$$;
create function rollout.minutes_emptied() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  delete from rollout.fives;
  return null;
end
$$;
create trigger minutes_added after insert on rollout.minutes referencing new table as added for each statement execute function rollout.minutes_added();
create trigger minutes_gone after delete on rollout.minutes referencing old table as gone for each statement execute function rollout.minutes_gone();
create trigger minutes_changed_from after update on rollout.minutes referencing old table as gone for each statement execute function rollout.minutes_gone();
create trigger minutes_changed_to after update on rollout.minutes referencing new table as added for each statement execute function rollout.minutes_added();
create trigger minutes_emptied after truncate on rollout.minutes for each statement execute function rollout.minutes_emptied();

insert into rollout.fives (domain, start, service, counter, total, data)
select domain, rollout.five(minute), service, counter, sum(value), count(*) from rollout.minutes group by 1, 2, 3, 4;

-- One question: periods of whole fives come from those; where they begin within one, the minutes of each such five are read
-- beside. What came after `as_of` is known of minutes alone. `of_service`: null, all of them.
create function rollout.counted_one(
  of_domain text, since timestamptz, until timestamptz, period interval, by_fives boolean, as_of timestamptz, of_service text
) returns table (service text, counter text, start timestamptz, total bigint, data bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = 'force_custom_plan' as $$
#variable_conflict use_column
declare
  five constant interval := interval '5 minutes';
begin
  if not by_fives then
    return query
    select m.service, m.counter, date_bin(period, m.minute, since), sum(m.value)::bigint, count(*)
    from rollout.minutes as m
    where m.domain = of_domain and m.minute >= since and m.minute < until and (as_of is null or m.arrived <= as_of)
      and (of_service is null or m.service = of_service)
    group by 1, 2, 3;
  elsif rollout.five(since) = since and rollout.five(until) = until then
    return query
    select f.service, f.counter, date_bin(period, f.start, since), sum(f.total)::bigint, sum(f.data)
    from rollout.fives as f
    where f.domain = of_domain and f.start >= since and f.start < until and (of_service is null or f.service = of_service)
    group by 1, 2, 3;
  else
    return query
    select p.service, p.counter, p.begin, sum(p.total)::bigint, sum(p.data)::bigint
    from (
      select f.service, f.counter, date_bin(period, f.start, since) as begin, f.total, f.data
      from rollout.fives as f
      where f.domain = of_domain and f.start >= since and f.start + five <= until
        and (of_service is null or f.service = of_service)
        and date_bin(period, f.start, since) = date_bin(period, f.start + interval '4 minutes', since)
      union all
      select edge.service, edge.counter, date_bin(period, edge.minute, since), edge.value, 1
      from (
        select distinct rollout.five(border) as start
        from (select generate_series(since, until, period) union select until) as borders (border)
        where rollout.five(border) <> border
      ) as cut
      cross join lateral ( -- `offset 0`: a look-up by the index for each, whatever the planner takes their number to be
        select m.service, m.counter, m.minute, m.value from rollout.minutes as m
        where m.domain = of_domain and m.minute >= greatest(cut.start, since) and m.minute < least(cut.start + five, until)
          and (of_service is null or m.service = of_service)
        offset 0
      ) as edge
    ) as p
    group by 1, 2, 3;
  end if;
end
$$;

-- As before (0002), but that a question is planned by its own times, and may name one service as its fifth part: others
-- aren't read then.
create or replace function rollout.counted(questions jsonb, as_of timestamptz default null) returns jsonb
language sql stable security definer set search_path = '' as $$
  select rollout.surroundings() || jsonb_build_object('rows', coalesce(jsonb_agg(jsonb_build_array(
    asked.number - 1, found.service, found.counter, extract(epoch from found.start)::bigint, found.total, found.data)), '[]'))
  from jsonb_array_elements(questions) with ordinality as asked (question, number)
  cross join lateral rollout.counted_one(
    question ->> 0, to_timestamp((question ->> 1)::bigint), to_timestamp((question ->> 2)::bigint),
    (question ->> 3)::integer * interval '1 second', as_of is null and (question ->> 3)::integer % 300 = 0, as_of, question ->> 4
  ) as found
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
