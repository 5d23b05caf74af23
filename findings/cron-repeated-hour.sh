#!/bin/sh
# A window's cron line on the nights that the clocks change. `30 2 * * *` in Europe/Berlin: croniter fires twice in the night of the repeated
# hour (at 02:30 of summer and of winter time), cronsim once, as cron does. `*/30 2 * * *` in the night without that hour: croniter
# fires at 03:00, cronsim not at all. dateutil's hourly rule names 02:00 in that night, a time that isn't there, and steps over the second
# 02:00 of the other: two hours between two of an hourly rule. Expected: one daily run a night from each, and rules that agree.
# "At most one raise a night" holds by one's own record of the last raise, not by the line.
# Seen with croniter 7.0.0, cronsim 2.8, python-dateutil 2.9.0.post0. Needs python3 (3.10 or newer) with its venv module.
# Exit code 0: as seen; 1: it changed; 2: it could not be tried. Our on-call hours are judged at an instant, from no cron line.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check croniter==7.0.0 cronsim==2.8 python-dateutil==2.9.0.post0 tzdata==2026.3 || exit 2
cat >"$folder/nights.py" <<'EOP'
from datetime import datetime
from itertools import takewhile
from zoneinfo import ZoneInfo
from croniter import croniter
from cronsim import CronSim
from dateutil.rrule import HOURLY, rrule

zone = ZoneInfo("Europe/Berlin")
nights = {"spring": datetime(2026, 3, 29, 1, tzinfo=zone), "autumn": datetime(2026, 10, 25, 1, tzinfo=zone)}

def said(times):
    return " ".join(f"{one:%H:%M%z}" for one in times) or "never"

for line in ("30 2 * * *", "0,30 2 * * *", "*/30 2 * * *"):
    for night, begin in nights.items():
        same = lambda one: one.date() == begin.date()
        iterator = croniter(line, begin)
        one = takewhile(same, iter(lambda: iterator.get_next(datetime), None))
        two = takewhile(same, CronSim(line, begin))
        print(f"{line}, {night}: croniter {said(one)}; cronsim {said(two)}")
for night, begin in nights.items():
    print(f"dateutil, hourly from 01:00, {night}: {said(rrule(HOURLY, dtstart=begin, count=3))}")
EOP
"$folder/venv/bin/python" "$folder/nights.py" >"$folder/seen.txt" || exit 2
cat "$folder/seen.txt"
cat >"$folder/expected.txt" <<'EOP'
30 2 * * *, spring: croniter 03:00+0200; cronsim 03:00+0200
30 2 * * *, autumn: croniter 02:30+0200 02:30+0100; cronsim 02:30+0200
0,30 2 * * *, spring: croniter 03:00+0200; cronsim 03:00+0200
0,30 2 * * *, autumn: croniter 02:00+0200 02:30+0200 02:00+0100 02:30+0100; cronsim 02:00+0200 02:30+0200
*/30 2 * * *, spring: croniter 03:00+0200; cronsim never
*/30 2 * * *, autumn: croniter 02:00+0200 02:30+0200 02:00+0100 02:30+0100; cronsim 02:00+0200 02:30+0200 02:00+0100 02:30+0100
dateutil, hourly from 01:00, spring: 01:00+0100 02:00+0100 03:00+0200
dateutil, hourly from 01:00, autumn: 01:00+0200 02:00+0200 03:00+0100
EOP
diff "$folder/expected.txt" "$folder/seen.txt"
