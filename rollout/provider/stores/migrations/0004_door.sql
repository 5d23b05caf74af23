-- 4 of 5: the service's door. PostgREST (a Supabase project's Data API) serves the schema `public`, and not `rollout`; so
-- these two functions stand there, for `service_role` alone. Where the Data API is off, a service logs in as
-- `rollout_service` and calls the same two.

grant create on schema public to rollout_owner;
select set_config('rollout.migrating', current_user, false);
set role rollout_owner;

-- {"<name>": "<value>", ...} of the flags asked for; a name that is left out is absent. Fails where nothing can be known:
-- row level security that hides rows, or a database that serves another stack, must never look like "absent".
create function public.rollout_flags(names text[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  answer jsonb := rollout.read(names);
begin
  if not (answer ->> 'canary')::boolean then
    raise exception 'the flags can''t be seen' using errcode = 'RO002';
  end if;
  if exists (select from unnest(names) as name where not (answer -> 'stacks') ? split_part(name, '/', 2)) then
    raise exception 'this database serves another stack' using errcode = 'RO001';
  end if;
  return coalesce((select jsonb_object_agg(flag ->> 'name', flag ->> 'value') from jsonb_array_elements(answer -> 'flags') as flag), '{}');
end
$$;

-- One whole minute of one service and domain, zeros too: {"Requests": 120, "Errors": 0, ...}; `at` is when it began. The
-- same minute twice is refused (23505, HTTP 409): it is there already.
create function public.rollout_add(at timestamptz, of_service text, of_domain text, counts jsonb) returns void
language sql security definer set search_path = '' as $$ select rollout.add_counts(at, of_service, of_domain, counts) $$;

do $$ begin execute format('set role %I', current_setting('rollout.migrating')); end $$;
revoke create on schema public from rollout_owner;

do $$
declare
  nobody text;
begin
  for nobody in select 'public' union all select quote_ident(rolname) from pg_catalog.pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on function public.rollout_flags(text[]) from %s', nobody);
    execute format('revoke all on function public.rollout_add(timestamptz, text, text, jsonb) from %s', nobody);
  end loop;
  if exists (select from pg_catalog.pg_roles where rolname = 'service_role') then
    grant execute on function public.rollout_flags(text[]) to service_role;
    grant execute on function public.rollout_add(timestamptz, text, text, jsonb) to service_role;
  end if;
end
$$;
grant execute on function public.rollout_flags(text[]) to rollout_service;
grant execute on function public.rollout_add(timestamptz, text, text, jsonb) to rollout_service, rollout_reporter;

notify pgrst, 'reload schema';
