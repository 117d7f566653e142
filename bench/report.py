"""The figures: what is kept of each case, the table, the JSON."""

import datetime
import os
import platform
import statistics
from dataclasses import dataclass, field
from pathlib import Path

MIB = 1 << 20


@dataclass
class Figures:
    """What one program took for one case."""

    seconds: list = field(default_factory=list)  # of each run
    footprint: object = None
    counts: dict = field(default_factory=dict)  # of the last run
    error: str = ""

    def as_json(self):
        if self.error:
            return {"error": self.error}
        return {"median_seconds": statistics.median(self.seconds), "least_seconds": min(self.seconds),
                "seconds": self.seconds, **vars(self.footprint), **self.counts}


#: (name, key of Figures.as_json, how it is written), a line of the table each.
ROWS = [
    ("time, median", "median_seconds", lambda value: duration(value)),
    ("time, least", "least_seconds", lambda value: duration(value)),
    ("peak memory", "peak_memory", lambda value: f"{value / MIB:.1f} MiB"),
    ("processes", "processes", str),
    ("SSH connections", "ssh_connections", str),
    ("engine connections", "engine_connections", str),
    ("calls of the API", "api_calls", str),
]


def duration(seconds):
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def header(labels):
    columns = "".join(f"{label:>13}" for label in labels)
    return f"{'':<22}{'':<20}{columns}" + (f"{'ours/other':>13}" if len(labels) == 2 else "")


def table(case, figures):
    """The lines for one case; `figures` by label."""
    found = {label: each.as_json() for label, each in figures.items()}
    lines = []
    for name, key, write in ROWS:
        if not any(key in values for values in found.values()):
            continue
        cells = "".join(f"{write(values[key]) if key in values else 'failed':>13}" for values in found.values())
        line = f"{'' if lines else case.name:<22}{name:<20}{cells}"
        if len(found) == 2 and all(values.get(key) for values in found.values()):
            line += f"{found['ours'][key] / found['other'][key]:>13.3f}"
        lines.append(line)
    return "\n".join(lines or [f"{case.name:<22}failed"])


def computer():
    """What the figures depend on."""
    models = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
              if line.startswith("model name")]
    return {"processor": models[0] if models else platform.machine(), "processors": len(os.sched_getaffinity(0)),
            "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
            "load": os.getloadavg()[0]}


def as_json(programs, results, floor):
    return {"date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"), "computer": computer(),
            "programs": {each.label: {"path": str(each.path), "version": each.version} for each in programs},
            "floor_seconds": floor,
            "cases": {name: {label: each.as_json() for label, each in figures.items()}
                      for name, figures in results.items()}}
