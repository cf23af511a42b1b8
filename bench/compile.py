"""./dev bench compile: compiles everything at -O0 without ccache, one file at a time so that none slows another, and prints the
slowest files, from Ninja's own log."""

import os
import subprocess
import sys

FOLDER = "build/bench-compile"


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    environment = dict(os.environ, CCACHE_DISABLE="1")
    if not os.path.exists(os.path.join(FOLDER, "build.ninja")):
        subprocess.run(["cmake", "--preset", "debug", "-B", FOLDER], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", FOLDER, "-t", "clean"], check=True, stdout=subprocess.DEVNULL)
    log = os.path.join(FOLDER, ".ninja_log")
    if os.path.exists(log):
        os.unlink(log)
    subprocess.run(["ninja", "-C", FOLDER, "-j", "1"], check=True, env=environment,
                   stdout=subprocess.DEVNULL)
    times, end_ms = {}, 0
    with open(log, encoding="utf-8") as file:
        for line in file:
            fields = line.split("\t")
            if len(fields) >= 4 and fields[3].endswith((".o", ".pch")):
                times[fields[3]] = int(fields[1]) - int(fields[0])
                end_ms = max(end_ms, int(fields[1]))
    for path, milliseconds in sorted(times.items(), key=lambda item: -item[1])[:count]:
        print(f"{milliseconds / 1000:7.2f} s  {path}")
    print(f"{sum(times.values()) / 1000:7.1f} s  {len(times)} files together, {end_ms / 1000:.1f} s by the clock")


main()
