-- Who is who, and where their session began: the tables of aliases.ts, and the two functions that it calls. Postgres 13 or
-- newer. Names come hidden (HMAC-SHA-256, the secret stays in the function): nobody reads a number or an id here.
-- Apply it once, as the owner of the project's tables (on Supabase: `supabase db push`, or psql as postgres).

begin;

-- Not `public`: the Data API shows nothing of this schema, whatever a project's default privileges are.
create schema if not exists rollout_edge;
revoke all on schema rollout_edge from public;

create table rollout_edge.people (
  id text primary key check (id ~ '^[0-9a-f]{64}$'),
  person text not null, -- the person's first known id
  buckets jsonb not null default '{}', -- domain -> bucket; on the row of the first known id
  since timestamptz not null default clock_timestamp()
);
create index on rollout_edge.people (person);

create table rollout_edge.sessions (
  domain text not null,
  person text not null,
  place text not null check (place in ('unified', 'legacy')),
  seen timestamptz not null default now(),
  primary key (domain, person)
);

-- Row level security without a policy, and no grant: only the functions below, which run as their owner, get in.
alter table rollout_edge.people enable row level security;
alter table rollout_edge.sessions enable row level security;

-- For each of `people` ({"ids": [...], "bucket": n}, the bucket of the first id) one {"person", "bucket", "session"}, in order.
-- Ids that stand beside each other are one person from then on; the id that was known first deals the bucket.
create function public.rollout_know(of_domain text, people jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  one jsonb;
  names text[];
  firsts text[];
  kept text;
  dealt integer;
  answer jsonb := '[]';
begin
  for one in select value from jsonb_array_elements(people) loop
    names := array(select jsonb_array_elements_text(one -> 'ids'));
    firsts := array(select distinct p.person from rollout_edge.people p where p.id = any (names));
    select p.id, (p.buckets ->> of_domain)::integer into kept, dealt
    from rollout_edge.people p where p.id = firsts[1] and cardinality(firsts) = 1;
    -- The usual case writes nothing: all names known, as one person, in this domain.
    if dealt is null or exists (
      select from unnest(names) as n (id) where not exists (select from rollout_edge.people p where p.id = n.id)
    ) then
      select j.kept, j.dealt into kept, dealt
      from rollout_edge.joined(of_domain, names, (one ->> 'bucket')::integer) j;
    end if;
    answer := answer || jsonb_build_object('person', kept, 'bucket', dealt, 'session', (
      select s.place from rollout_edge.sessions s
      where s.domain = of_domain and s.person = kept and s.seen > now() - interval '30 minutes'
    ));
  end loop;
  return answer;
end
$$;

-- Makes `names` one person: whoever of them was known first stays, and takes the others' buckets and sessions over.
create function rollout_edge.joined(of_domain text, names text[], new_bucket integer, out kept text, out dealt integer)
language plpgsql set search_path = '' as $$
declare
  firsts text[];
  others jsonb;
begin
  -- One at a time. Joining is rare (a new name), and two that join overlapping names would wait for each other.
  perform pg_advisory_xact_lock(hashtextextended('rollout_edge.people', 0));
  firsts := array(
    select f.id from rollout_edge.people f
    where f.id in (select p.person from rollout_edge.people p where p.id = any (names))
    order by f.since, f.id
  );
  kept := coalesce(firsts[1], names[1]);
  others := coalesce((
    -- The oldest last: of two buckets in one domain the last stays.
    select jsonb_object_agg(b.key, b.value order by f.since desc, f.id desc)
    from rollout_edge.people f, jsonb_each(f.buckets) b where f.id = any (firsts)
  ), '{}');
  insert into rollout_edge.people as p (id, person)
  select distinct n.id, joined.kept from unnest(names) as n (id) order by n.id on conflict (id) do nothing;
  update rollout_edge.people p set person = joined.kept
  where (p.person = any (firsts) or p.id = any (names)) and p.person <> joined.kept;
  update rollout_edge.people p set buckets = jsonb_build_object(of_domain, new_bucket) || others
  where p.id = kept returning (p.buckets ->> of_domain)::integer into dealt;
  insert into rollout_edge.sessions as s (domain, person, place, seen)
  select distinct on (o.domain) o.domain, kept, o.place, o.seen
  from rollout_edge.sessions o where o.person = any (firsts[2:]) order by o.domain, o.seen desc
  on conflict (domain, person) do nothing;
  delete from rollout_edge.sessions s where s.person = any (firsts[2:]);
end
$$;

-- Remembers where these people's session is, now.
create function public.rollout_touch(of_domain text, people text[], place text) returns void
language sql security definer set search_path = '' as $$
  insert into rollout_edge.sessions as s (domain, person, place)
  select distinct of_domain, p.person, rollout_touch.place from unnest(people) as p (person) order by p.person
  on conflict (domain, person) do update set place = excluded.place, seen = excluded.seen
$$;

-- A project made before 2026-05-30 gives `anon` and `authenticated` every new function of `public`, PostgreSQL itself gives
-- it to everybody, and a newer project gives `service_role` nothing: so all of it is written out.
revoke all on function rollout_edge.joined(text, text[], integer) from public;
do $$
declare
  mine constant text := 'public.rollout_know(text, jsonb), public.rollout_touch(text, text[], text)';
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
