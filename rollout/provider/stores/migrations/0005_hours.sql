-- 5 of 5: the counters by the hour, kept beside the minutes by a trigger, and the question that takes hours from there:
-- of 60 days it reads a sixtieth of the rows. Without this file everything works, and old counters are read slowly.
-- It takes the place of 0005_fives.sql: where that one is applied, this one is applied too.

select set_config('rollout.migrating', current_user, false);
set role rollout_owner;

drop table if exists rollout.fives;
drop function if exists rollout.five(timestamptz);
drop function if exists rollout.counted_one(text, timestamptz, timestamptz, interval, boolean, timestamptz, text);

-- `start`: a whole hour, and a row for each that has a minute. `sums[n]`: of its first n minutes; `data[n]`: how many of them
-- are there. So any part of an hour is a difference of two: an hour that begins within one is the end of it and the beginning
-- of the next.
create table rollout.hours (
  domain text not null,
  start timestamptz not null,
  service text not null,
  counter text not null,
  sums bigint[] not null check (cardinality(sums) = 60),
  data integer[] not null check (cardinality(data) = 60),
  primary key (domain, start, service, counter)
);

alter table rollout.hours enable row level security;
alter table rollout.hours force row level security;
create policy owner on rollout.hours to rollout_owner using (true) with check (true);

create function rollout.hour(minute timestamptz) returns timestamptz
language sql immutable parallel safe set search_path = '' as $$
  select date_bin(interval '1 hour', minute, timestamptz '2000-01-01 00:00:00Z')
$$;

-- What `sums` becomes where the minutes `at` (from 0 on) of that hour have more; null: nothing was there.
create function rollout.summed(sums bigint[], at integer[], more bigint[]) returns bigint[]
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  each bigint[];
  made bigint[];
  running bigint := 0;
begin
  if sums is null and cardinality(at) = 1 then -- a report's own
    return array_fill(0::bigint, array[at[1]]) || array_fill(more[1], array[60 - at[1]]);
  end if;
  each := array_fill(0::bigint, array[60]);
  made := coalesce(sums, each);
  for n in 1 .. cardinality(at) loop
    each[at[n] + 1] := each[at[n] + 1] + more[n];
  end loop;
  for n in 1 .. 60 loop
    running := running + each[n];
    made[n] := made[n] + running;
  end loop;
  return made;
end
$$;

-- Whatever is done to minutes, by whomever, is done here: one order of rows, so that two reporters never wait for each other.
create or replace function rollout.minutes_added() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into rollout.hours as h (domain, start, service, counter, sums, data)
  select domain, start, service, counter, rollout.summed(null, at, sums), rollout.summed(null, at, data)::integer[]
  from (
    select domain, rollout.hour(minute) as start, service, counter, array_agg(extract(minute from minute)::integer) as at,
      array_agg(value) as sums, array_agg(1::bigint) as data
    from added group by 1, 2, 3, 4) as more
  order by 1, 2, 3, 4
  on conflict (domain, start, service, counter) do update set
    sums = (select array_agg(a + b order by n) from unnest(h.sums, excluded.sums) with ordinality as two (a, b, n)),
    data = (select array_agg(a + b order by n) from unnest(h.data, excluded.data) with ordinality as two (a, b, n));
  return null;
end
$$;
create or replace function rollout.minutes_gone() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update rollout.hours as h set
    sums = rollout.summed(h.sums, less.at, less.sums), data = rollout.summed(h.data::bigint[], less.at, less.data)::integer[]
  from (
    select domain, rollout.hour(minute) as start, service, counter, array_agg(extract(minute from minute)::integer) as at,
      array_agg(-value) as sums, array_agg(-1::bigint) as data
    from gone group by 1, 2, 3, 4 order by 1, 2, 3, 4) as less
  where (h.domain, h.start, h.service, h.counter) = (less.domain, less.start, less.service, less.counter);
  delete from rollout.hours as h using (select distinct domain, rollout.hour(minute) as start from gone) as less
  where h.domain = less.domain and h.start = less.start and h.data[60] = 0;
  return null;
end
$$;
create or replace function rollout.minutes_emptied() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  delete from rollout.hours;
  return null;
end
$$;
create or replace trigger minutes_added after insert on rollout.minutes referencing new table as added for each statement execute function rollout.minutes_added();
create or replace trigger minutes_gone after delete on rollout.minutes referencing old table as gone for each statement execute function rollout.minutes_gone();
create or replace trigger minutes_changed_from after update on rollout.minutes referencing old table as gone for each statement execute function rollout.minutes_gone();
create or replace trigger minutes_changed_to after update on rollout.minutes referencing new table as added for each statement execute function rollout.minutes_added();
create or replace trigger minutes_emptied after truncate on rollout.minutes for each statement execute function rollout.minutes_emptied();

insert into rollout.hours (domain, start, service, counter, sums, data)
select domain, start, service, counter, rollout.summed(null, at, sums), rollout.summed(null, at, data)::integer[]
from (
  select domain, rollout.hour(minute) as start, service, counter, array_agg(extract(minute from minute)::integer) as at,
    array_agg(value) as sums, array_agg(1::bigint) as data
  from rollout.minutes group by 1, 2, 3, 4) as there;

-- One question: per series the numbers of its periods that have rows, their sums, and how many rows. Periods that are a part of
-- an hour, or whole ones, come from `hours`, wherever in it they begin; any others, and what is asked `as_of` a time, from the
-- minutes. `of_service`: null, all of them.
create function rollout.counted_one(
  of_domain text, since timestamptz, until timestamptz, period interval, as_of timestamptz, of_service text
) returns table (service text, counter text, numbers integer[], totals bigint[], data bigint[])
language plpgsql stable security definer set search_path = '' set plan_cache_mode = 'force_custom_plan' as $$
#variable_conflict use_column
declare
  seconds constant integer := extract(epoch from period);
  step constant integer := least(seconds / 60, 60);
  first constant bigint := extract(epoch from since);
  last constant bigint := extract(epoch from until);
  edges integer[]; -- the minutes of an hour at which a period begins, with its own beginning and end
begin
  if as_of is null and first % 60 = 0 and last % 60 = 0 and (seconds % 3600 = 0 or (seconds % 60 = 0 and 3600 % seconds = 0)) then
    edges := array(
      select distinct least(greatest(n, 0), 60)
      from generate_series(extract(minute from since)::integer % step - step, 59 + step, step) as n order by 1);
    return query
    select p.service, p.counter, array_agg(p.number), array_agg(p.total), array_agg(p.data)
    from (
      select part.service, part.counter, part.number, sum(part.total)::bigint as total, sum(part.data) as data
      from (
        select h.service, h.counter, ((h.at + 60 * edge.a - first) / seconds)::integer as number,
          h.sums[least(edge.b, (last - h.at) / 60)] - coalesce(h.sums[edge.a], 0) as total,
          h.data[least(edge.b, (last - h.at) / 60)] - coalesce(h.data[edge.a], 0) as data
        from (
          select h.service, h.counter, date_part('epoch', h.start)::bigint as at, h.sums, h.data
          from rollout.hours as h
          where h.domain = of_domain and h.start >= rollout.hour(since) and h.start < until
            and (of_service is null or h.service = of_service)
          offset 0
        ) as h
        cross join unnest(edges[:cardinality(edges) - 1], edges[2:]) as edge (a, b)
        where h.at + 60 * edge.a >= first and h.at + 60 * edge.a < last
        offset 0 -- what is sorted is numbers, not whole hours
      ) as part
      where part.data > 0
      group by 1, 2, 3
    ) as p
    group by 1, 2;
  else
    return query
    select p.service, p.counter, array_agg(p.number), array_agg(p.total), array_agg(p.data)
    from (
      select m.service, m.counter, ((date_part('epoch', m.minute)::bigint - first) / seconds)::integer as number,
        sum(m.value)::bigint as total, count(*) as data
      from rollout.minutes as m
      where m.domain = of_domain and m.minute >= since and m.minute < until and (as_of is null or m.arrived <= as_of)
        and (of_service is null or m.service = of_service)
      group by 1, 2, 3
    ) as p
    group by 1, 2;
  end if;
end
$$;

-- As before (0002), but that a question is planned by its own times, may name one service as its fifth part (null: all of
-- them), and where its sixth is true is answered by a row a series: [number, service, counter, periods, sums, rows], with
-- numbers of periods from 0 on.
create or replace function rollout.counted(questions jsonb, as_of timestamptz default null) returns jsonb
language sql stable security definer set search_path = '' as $$
  select rollout.surroundings() || jsonb_build_object('rows', coalesce(jsonb_agg(answer.one), '[]'))
  from jsonb_array_elements(questions) with ordinality as asked (question, number)
  cross join lateral rollout.counted_one(
    question ->> 0, to_timestamp((question ->> 1)::bigint), to_timestamp((question ->> 2)::bigint),
    (question ->> 3)::integer * interval '1 second', as_of, question ->> 4
  ) as found
  cross join lateral (
    select jsonb_build_array(asked.number - 1, found.service, found.counter, found.numbers, found.totals, found.data) as one
    where (question -> 5)::boolean
    union all
    select jsonb_build_array(
      asked.number - 1, found.service, found.counter, (question ->> 1)::bigint + each.number * (question ->> 3)::bigint, each.total, each.data)
    from unnest(found.numbers, found.totals, found.data) as each (number, total, data)
    where (question -> 5)::boolean is not true
  ) as answer
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
