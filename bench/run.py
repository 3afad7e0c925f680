"""run.py: time sflow beside its peers on the same data, in turn, and check
the answers.

    bench/run --quick             everything on small data and just once, in
                                  two minutes: a look whether all of it works
    bench/run csv sort-text       these groups and workloads, in full size
    bench/run all                 everything in full size
    bench/run --list              what there is
    bench/run --rows weather=100000000 weather

The programs of a workload run in turn (A B C, B C A, ...), so that a machine
whose speed drifts slows all of them.  In the first turn, which is not counted,
the answers are read and compared; in the others the output goes to /dev/null.
The median of the counted turns is what is shown, with the lowest and highest
behind it.  Before each run its files are read, since some systems drop what
has not been used for a minute.  CPU is user + system of all processes of a
command, memory the peak of the largest one.  Of the peers that
live in Python only the query counts, not the start of Python and the import.
The answers under a limit are held against those without one, whose digests are
kept in answers.json beside the data.

Results are added to bench/results/MACHINE.json; bench/page draws them.
"""
import argparse
import datetime
import json
import os
import re
import resource
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import time

import tpch
from answer import Answer, Bytes, Known
from workloads import DATA, TABLE

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = sys.executable
ENGINES = ("duckdb", "clickhouse", "polars")
ARGS = None


def path_of(name):
    """Where a data file is, or one of a folder, and its rows."""
    name, _, file = name.partition("/")
    kind, suffix, full, quick = DATA[name]
    rows = ARGS.rows.get(name, quick if ARGS.quick else full)
    if kind == "tpch":
        return os.path.join(ARGS.data, f"tpch-{rows / 100:g}", file), rows
    return os.path.join(ARGS.data, f"{kind.split()[-1]}-{rows}.{suffix}"), rows


def need(name):
    """The path of a data file, which is made if it is not there."""
    path, rows = path_of(name)
    if os.path.exists(path):
        return path
    kind = DATA[name][0]
    if kind == "tpch":
        print(f"making the tables of TPC-H, scale {rows / 100:g}", flush=True)
        return tpch.tables(argparse.Namespace(data=ARGS.data,
                                              scale=rows / 100))
    if kind.startswith("gzip "):
        command = ["gzip", "-1", "-c", need(kind.split()[1])]
    else:
        command = [built("generate"), kind, str(rows)]
    print(f"making {os.path.basename(path)}", flush=True)
    with open(path + ".part", "wb") as out:
        subprocess.run(command, stdout=out, check=True)
    os.rename(path + ".part", path)
    return path


def built(name):
    """A program of this folder, compiled if it is older than its source."""
    source = os.path.join(HERE, name + ".c")
    tool = os.path.join(ARGS.data, name)
    if not os.path.exists(tool) or \
            os.path.getmtime(tool) < os.path.getmtime(source):
        subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O3",
                        "-march=native", "-pthread", "-o", tool, source],
                       check=True)
    return tool


def out_folder():
    """For what a workload writes; another run may work on the same data."""
    return os.path.join(ARGS.data, f"out-{os.getpid()}")


def filled(text):
    """A command with its @NAMEs replaced."""
    def value(match):
        name = match.group(1)
        if name in DATA:
            return need(name)
        return {
            "sflow": f"{ARGS.sflow} -j {ARGS.threads}",
            "hand": built("handwritten"),
            "threads": str(ARGS.threads),
            "out": out_folder(),
            "examples": os.path.join(HERE, "..", "examples"),
            "fraction": f"{0.01 / path_of('tpch')[1]:.12f}",
        }[name]
    return re.sub(r"@([a-z0-9]+)", value, text)


def size_of(text):
    number, unit = re.fullmatch(r"(\d+)([MG]?)", text).groups()
    return int(number) << {"": 0, "M": 20, "G": 30}[unit]


def argv_of(name, text, memory):
    """The words to run, or None if the program is not installed."""
    if name in ENGINES:
        return [PYTHON, os.path.join(HERE, "peer.py"), name,
                str(ARGS.threads), str(size_of(memory) if memory else 0),
                filled(text)]
    text = filled(text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    simple = not set("|;&<>") & set("".join(
        word for word in words if set(word) <= set("|;&<>")))
    if shutil.which(words[0]) is None and words[0] != "export":
        return None
    return words if simple else ["sh", "-c", text]


def spilled(said):
    """The bytes that the operators put on disk, of what --stats says."""
    return sum(round(float(number) * (1 << 20)) for number in
               re.findall(r"([0-9.]+) MiB spilled", said))


def complaint(said, status):
    """The line of what a program that failed said which tells why."""
    lines = said.replace(ARGS.data + "/", "").splitlines()
    errors = [line for line in lines if re.search(r"\b\w*(Error|Exception)\b",
                                                  line)]
    return ((errors or lines or [f"status {status}"])[-1])[:200]


def run_once(command, name, answer=None, cage=0):
    """Run to its end; (wall, cpu, rss in KiB, spilled bytes), or a text of what
    went wrong.  The output goes to `answer`, if there is one.  A `cage` is how
    many bytes of addresses it may take."""
    report = os.path.join(ARGS.data, f"report-{os.getpid()}")
    child = subprocess.Popen(
        [built("launch"), report] + command, stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE if answer else subprocess.DEVNULL,
        start_new_session=True, preexec_fn=(lambda: resource.setrlimit(
            resource.RLIMIT_AS, (cage, cage))) if cage else None)
    alarm = signal.signal(signal.SIGALRM, lambda *_: os.killpg(
        child.pid, signal.SIGKILL))
    signal.alarm(ARGS.limit)
    if answer:
        while block := child.stdout.read(1 << 20):
            answer.add(block)
        answer.end()
    said = child.communicate()[1].decode(errors="replace").strip()
    late = signal.alarm(0) == 0
    signal.signal(signal.SIGALRM, alarm)
    if late:
        return f"stopped after {ARGS.limit} s"
    with open(report, encoding="ascii") as lines:
        wall, user, system, rss, status = lines.read().split()
    os.remove(report)
    if status == "9" or status == str(137 << 8):
        return "killed"
    if status != "0":
        return complaint(said, status) + f" (at {int(rss) >> 10} MiB)"
    if name in ENGINES:
        wall, cpu = map(float, said.splitlines()[-1].split())
        return wall, cpu, int(rss), 0
    return (float(wall), float(user) + float(system), int(rss),
            spilled(said))


def measure_latency(workload):
    """What bench/latency says of the programs that it knows."""
    rate = workload.commands["rate"]
    count = int(rate) * (2 if ARGS.quick else 10)
    done = subprocess.run(
        ["bash", os.path.join(HERE, "latency"), rate, str(count)],
        env=dict(os.environ, SFLOW=ARGS.sflow), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, check=False)
    result = {
        "name": workload.name, "group": workload.group,
        "title": workload.title, "rows": count, "bytes": 0,
        "memory": "", "cage": "", "programs": {}, "failed": {}, "differ": [],
    }
    for line in done.stdout.splitlines():
        if line.startswith("#"):
            continue
        name, _, p50, p90, p99, high, _ = line.split()
        p50, p90, p99, high = (float(x) / 1e6 for x in (p50, p90, p99, high))
        result["programs"][name] = {
            "wall": p50, "p50": p50, "p90": p90, "p99": p99, "low": p50,
            "high": high, "cpu": 0, "rss_kib": 0, "runs": 1,
        }
    result["targets"] = judge(workload.target, result)
    return result


def warm(command, files):
    """Read the files that a command names, and these: they are cached then."""
    named = re.findall(re.escape(ARGS.data) + r"/[\w./-]+", " ".join(command))
    for path in {*files, *filter(os.path.isfile, named)}:
        with open(path, "rb", buffering=0) as source:
            while source.read(1 << 20):
                pass


def expected(workload, files):
    """The answer of workload.expect, which is run if it was not before; or a
    text of what went wrong."""
    known = Known(os.path.join(ARGS.data, "answers.json"))
    key = known.key(workload.expect, files)
    answer = known.get(key)
    if answer is None:
        answer = Bytes()
        taken = run_once(argv_of("sflow", workload.expect, ""), "sflow",
                         answer)
        if isinstance(taken, str):
            return taken
        known.put(key, answer)
    return answer


def measure(workload):
    """One row per program, and whether they agree."""
    commands = {}
    for name, text in workload.commands.items():
        argv = argv_of(name, text, workload.memory)
        if argv and (not ARGS.only or name in ARGS.only or
                     name.startswith("sflow")):
            commands[name] = argv
    os.makedirs(out_folder(), exist_ok=True)
    files = [path_of(name) for name in workload.input.split()]
    samples = {name: [] for name in commands}
    answers, failed, slow = {}, {}, set()
    if workload.expect:
        answers["expected"] = expected(workload, [path for path, _ in files])
        if isinstance(answers["expected"], str):
            failed["expected"] = answers.pop("expected")
    for turn in range(ARGS.runs * workload.more_runs + 1):
        names = list(commands)
        names = names[turn % len(names):] + names[:turn % len(names)]
        for name in names:
            if name in failed or name in slow:
                continue
            answer = None
            if turn == 0:
                answer = Bytes() if workload.expect else \
                    Answer(workload.answer == "ordered")
            cage = 0
            if workload.cage and name == "sflow":
                cage = size_of(workload.cage)
            warm(commands[name], [path for path, _ in files])
            taken = run_once(commands[name], name, answer, cage)
            if isinstance(taken, str):
                failed[name] = taken
                continue
            if turn == 0:
                answers[name] = answer
                if workload.more_runs == 1 and taken[0] > ARGS.slow or \
                        workload.cage:
                    slow.add(name)
            if turn > 0 or name in slow:
                samples[name].append(taken)
    shutil.rmtree(out_folder())
    rows = {name: summary(taken) for name, taken in samples.items() if taken}
    differ = []
    if workload.answer != "none" and answers:
        first = answers.get("expected") or answers.get("sflow") or \
            next(iter(answers.values()))
        differ = [name for name in answers
                  if not answers[name].is_equal(first)]
    result = {
        "name": workload.name, "group": workload.group,
        "title": workload.title, "rows": files[0][1],
        "bytes": sum(os.path.getsize(path) for path, _ in files),
        "memory": workload.memory,
        "cage": workload.cage, "programs": rows, "failed": failed,
        "differ": differ,
    }
    result["targets"] = judge(workload.target, result)
    return result


def summary(taken):
    walls = [sample[0] for sample in taken]
    return {
        "wall": round(statistics.median(walls), 6),
        "low": min(walls), "high": max(walls),
        "cpu": round(statistics.median(sample[1] for sample in taken), 6),
        "rss_kib": max(sample[2] for sample in taken),
        "spilled": max(sample[3] for sample in taken), "runs": len(taken),
    }


def judge(target, result):
    """Each part of a target: [text, figure, met]; met is None if there is
    nothing to compare with."""
    ours = result["programs"].get("sflow")
    judged = []
    for part in filter(None, target.split("; ")):
        bound, _, names = part.partition(" ")
        if ours is None:
            judged.append([part, "failed", False])
        elif names == "MiB":
            figure = ours["rss_kib"] / 1024
            judged.append([f"at most {part}", f"{figure:.0f} MiB",
                           figure <= float(bound)])
        elif names in ("ms", "ms p99"):
            figure = ours["p99" if "p99" in names else "wall"] * 1000
            judged.append([f"at most {part}", f"{figure:.2f} ms",
                           figure <= float(bound)])
        else:
            names = [names] if names in result["programs"] else names.split()
            walls = [result["programs"][name]["wall"] for name in names
                     if name in result["programs"]]
            text = f"{bound} x {' '.join(names)}"
            if len(names) > 1:
                text = f"{bound} x best of {', '.join(names)}"
            if not walls:
                judged.append([text, "failed" if set(names) <=
                               set(result["failed"]) else "not measured",
                               None])
                continue
            figure = min(walls) / ours["wall"]
            judged.append([text, f"{figure:.2f} x", figure >= float(bound)])
    return judged


def show(result):
    print(f"\n{result['name']}: {result['title']} "
          f"({result['bytes'] / 1e6:.1f} MB)")
    ours = result["programs"].get("sflow", {}).get("wall")
    for name, row in sorted(result["programs"].items(),
                            key=lambda item: item[1]["wall"]):
        ratio = f"{row['wall'] / ours:8.2f} x" if ours else ""
        print(f"  {name:18}{row['wall']:9.4f} s [{row['low']:.4f} "
              f"{row['high']:.4f}]  cpu {row['cpu']:9.4f} s "
              f"{row['rss_kib'] / 1024:8.1f} MiB {ratio}" +
              (f"  spilled {row['spilled'] / 1e6:.0f} MB"
               if row.get("spilled") else ""))
    for name, why in result["failed"].items():
        print(f"  {name:18} failed: {why}")
    if result["differ"]:
        print(f"  ANSWERS DIFFER: {', '.join(result['differ'])}")
    for text, figure, met in result["targets"]:
        word = {True: "met", False: "NOT MET", None: ""}[met]
        print(f"  target {text}: {figure} {word}")
    sys.stdout.flush()


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              check=False)
        return (done.stdout or done.stderr).splitlines()[0].strip()
    except (OSError, IndexError):
        return ""


def facts():
    """What a reader must know of the machine and of what ran on it."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        model = [line.split(":")[1].strip() for line in lines
                 if line.startswith("model name")]
    with open("/proc/meminfo", encoding="ascii") as lines:
        memory = int(lines.readline().split()[1]) // 1024
    versions = {"sflow": first_line(ARGS.sflow, "--version")}
    for name in ("duckdb", "chdb", "polars"):
        versions[name] = first_line(
            PYTHON, "-c", f"import {name}; print({name}.__version__)")
    for name, flag in (("mawk", "-Wv"), ("gawk", "--version"),
                       ("mlr", "--version"), ("jq", "--version"),
                       ("rg", "--version"), ("sort", "--version"),
                       ("xsv", "--version"), ("agrind", "--version")):
        versions[name] = first_line(name, flag)
    commit = first_line("git", "-C", HERE, "describe", "--always", "--dirty")
    return {"processor": model[0] if model else "", "cpus": os.cpu_count(),
            "memory_mib": memory, "kernel": os.uname().release,
            "compiler": first_line("cc", "--version"), "commit": commit,
            "versions": {k: v for k, v in versions.items() if v}}


def earlier():
    """The runs that the file of this machine has."""
    if not os.path.exists(ARGS.results):
        return []
    with open(ARGS.results, encoding="utf-8") as source:
        return json.load(source)["runs"]


def without(run, names):
    """A run but for the results of these."""
    return dict(run, results=[result for result in run["results"]
                              if result["name"] not in names])


def keep(runs, run):
    """Write the file of this machine with one more run, whole or not yet; of
    earlier ones stays what has not been measured again."""
    target = ARGS.results
    if not run["quick"]:
        again = {result["name"] for result in run["results"]}
        runs = [without(earlier, again) for earlier in runs]
        runs = [earlier for earlier in runs if earlier["results"]]
    with open(target + ".part", "w", encoding="utf-8") as out:
        json.dump({"runs": runs + [run]}, out, indent=1)
        out.write("\n")
    os.rename(target + ".part", target)


def chosen():
    names = set(ARGS.names)
    known = {w.name for w in TABLE} | {w.group for w in TABLE} | {"all"}
    if names - known:
        sys.exit(f"bench/run: no workload {', '.join(sorted(names - known))};"
                 " see --list")
    return [w for w in TABLE
            if w.name in names or w.group in names or "all" in names]


def rows_option(text):
    name, _, count = text.partition("=")
    if name not in DATA or not count.isdigit():
        raise argparse.ArgumentTypeError("expected DATA=ROWS, DATA one of " +
                                         ", ".join(DATA))
    return name, int(count)


def options():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="groups or workloads")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--sflow", default=os.path.join(HERE, "..", "build",
                                                        "sflow"))
    parser.add_argument("--data", default=os.path.join(HERE, "data"))
    parser.add_argument("--results", default=os.path.join(
        HERE, "results", os.uname().nodename + ".json"))
    parser.add_argument("--rows", type=rows_option, action="append",
                        default=[], metavar="DATA=ROWS")
    parser.add_argument("--runs", type=int, help="5; 1 if quick")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--slow", type=float, default=20.0, metavar="SECONDS",
                        help="what takes longer runs once (20)")
    parser.add_argument("--limit", type=int, default=600, metavar="SECONDS",
                        help="what takes longer is stopped (600)")
    parser.add_argument("--only", action="append", metavar="PROGRAM",
                        help="run just these beside sflow")
    args = parser.parse_args()
    args.runs = args.runs or (1 if args.quick else 5)
    if args.quick:
        args.names = args.names or ["all"]
        args.results = os.path.join(args.data, "quick.json")
        args.slow = 0
    args.rows = dict(args.rows)
    args.sflow = os.path.abspath(args.sflow)
    args.data = os.path.abspath(args.data)
    return args


def main():
    global ARGS
    ARGS = options()
    if ARGS.list or not ARGS.names:
        for workload in TABLE:
            print(f"{workload.group:8} {workload.name:18} {workload.title}")
        return 0
    os.makedirs(ARGS.data, exist_ok=True)
    os.makedirs(os.path.dirname(ARGS.results), exist_ok=True)
    os.environ["TMPDIR"] = ARGS.data
    os.environ["PATH"] = os.pathsep.join((
        os.path.join(HERE, "cargo", "bin"), os.environ["PATH"]))
    began = time.monotonic()
    runs, results = earlier(), []
    run = {
        "date": datetime.date.today().isoformat(), "seconds": 0,
        "threads": ARGS.threads, "quick": ARGS.quick, "machine": facts(),
        "results": results,
    }
    for workload in chosen():
        results.append(measure_latency(workload)
                       if workload.group == "latency" else measure(workload))
        show(results[-1])
        run["seconds"] = round(time.monotonic() - began)
        keep(runs, run)
    print(f"\nadded to {ARGS.results}")
    return 1 if any(r["differ"] or "sflow" in r["failed"]
                    for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
