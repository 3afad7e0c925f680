"""Time sflow beside its peers on the same data, in turn, and check the answers.

Every workload is a list of commands that must give the same answer.  They run
in turn (A B C, A B C, ...), so that a machine whose speed drifts slows all of
them; the median of the counted runs is what is printed.  Peak memory is the
largest single process (ru_maxrss), cpu is user + system of the whole group.
"""
import argparse
import datetime
import hashlib
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, "venv", "bin", "python")


def generate(args, name, kind, rows):
    """Make a data file once; returns its path."""
    path = os.path.join(args.data, name)
    if not os.path.exists(path):
        tool = os.path.join(args.data, "generate")
        subprocess.run(["gcc", "-O2", "-o", tool,
                        os.path.join(HERE, "generate.c")], check=True)
        with open(path + ".part", "wb") as out:
            subprocess.run([tool, kind, str(rows)], stdout=out, check=True)
        os.rename(path + ".part", path)
    return path


def duck(sql, threads):
    code = ("import duckdb,sys;c=duckdb.connect();"
            f"c.execute('set threads={threads}');"
            "c.execute('set enable_progress_bar=false');"
            f"c.execute({sql!r})")
    return [VENV, "-c", code]


def clickhouse(sql, threads):
    sql += f" settings max_threads={threads}"
    code = f"import chdb,sys;sys.stdout.write(str(chdb.query({sql!r},'CSV')))"
    return [VENV, "-c", code]


def polars(expr):
    return [VENV, "-c", "import polars as pl, sys\n" + expr]


class Workload:
    """A job: its data, and a command for each program that can do it."""

    def __init__(self, name, title, data, commands, same=True, ordered=False):
        self.name, self.title, self.data = name, title, data
        self.commands = commands
        self.same = same        # answers are compared
        self.ordered = ordered  # line by line, not as a set


def workloads(args, rows):
    sflow = args.sflow
    both = args.threads

    def orders():
        return generate(args, f"orders-{rows}.csv", "orders", rows)

    def quoted():
        return generate(args, f"quoted-{rows // 2}.csv", "quoted", rows // 2)

    def groups():
        return generate(args, f"groups-{rows}.csv", "groups", rows)

    def bids():
        return generate(args, f"bids-{rows * 2 // 5}.jsonl", "bids",
                        rows * 2 // 5)

    def access():
        return generate(args, f"access-{rows // 2}.log", "access", rows // 2)

    def csv_filter(path):
        where = "status = 'failed'"
        return {
            "sflow": [sflow, 'where status == "failed" | '
                      "select id, city, amount", path],
            "mawk": ["mawk", "-F,", 'NR==1{print "id,city,amount"} '
                     '$5=="failed"{print $1","$4","$6}', path],
            "gawk": ["gawk", "-F,", 'NR==1{print "id,city,amount"} '
                     '$5=="failed"{print $1","$4","$6}', path],
            "mlr": ["mlr", "--csv", "filter", '$status=="failed"', "then",
                    "cut", "-o", "-f", "id,city,amount", path],
            # The amounts as they are written: 1.50 stays 1.50.
            "duckdb": duck(f"copy (select id, city, amount from "
                           f"read_csv('{path}', types={{'amount':'VARCHAR'}})"
                           f" where {where}) to "
                           "'/dev/stdout' (format csv, header)", both),
            "clickhouse": clickhouse(
                f"select id, city, amount from file('{path}', "
                "'CSVWithNames', 'id Int64, ts String, customer Int64, city "
                "String, status String, amount String, quantity Int64, "
                "product String, country String, note String') "
                f"where {where}", both),
            "polars": polars(f"pl.scan_csv({path!r}, schema_overrides="
                             "{'amount':pl.String}).filter(pl.col('status')"
                             "=='failed').select('id','city','amount')"
                             ".sink_csv('/dev/stdout')"),
        }

    def csv_quoted(path):
        return {
            "sflow": [sflow, 'where status == "failed" | '
                      "select id, city, note", path],
            "mlr": ["mlr", "--csv", "filter", '$status=="failed"', "then",
                    "cut", "-o", "-f", "id,city,note", path],
            "duckdb": duck("copy (select id, city, note from "
                           f"read_csv('{path}') where status = 'failed') to "
                           "'/dev/stdout' (format csv, header)", both),
            "polars": polars(f"pl.scan_csv({path!r}).filter(pl.col('status')"
                             "=='failed').select('id','city','note')"
                             ".sink_csv('/dev/stdout')"),
        }

    def group_few(path):
        return {
            "sflow": [sflow, "aggregate n = count(), v1 = sum(v1) by id1",
                      path],
            "mawk": ["mawk", "-F,", 'NR>1{n[$1]++;s[$1]+=$7} END{print '
                     '"id1,n,v1"; for(k in n)print k","n[k]","s[k]}', path],
            "gawk": ["gawk", "-F,", 'NR>1{n[$1]++;s[$1]+=$7} END{print '
                     '"id1,n,v1"; for(k in n)print k","n[k]","s[k]}', path],
            "mlr": ["mlr", "--csv", "stats1", "-a", "count,sum", "-f", "v1",
                    "-g", "id1", "then", "rename", "v1_count,n,v1_sum,v1",
                    path],
            "duckdb": duck("copy (select id1, count(*) n, sum(v1) v1 from "
                           f"read_csv('{path}') group by id1) to "
                           "'/dev/stdout' (format csv, header)", both),
            "clickhouse": clickhouse(
                f"select id1, count() n, sum(v1) v1 from file('{path}', "
                "'CSVWithNames') group by id1", both),
            "polars": polars(f"pl.scan_csv({path!r}).group_by('id1').agg("
                             "pl.len().alias('n'),pl.sum('v1'))"
                             ".sink_csv('/dev/stdout')"),
        }

    def group_many(path):
        return {
            "sflow": [sflow, "aggregate n = count(), v1 = sum(v1) by id3 | "
                      "top 5 v1 * 1000000000000 + n | select v1", path],
            "mawk": ["mawk", "-F,", 'NR>1{n[$3]++;s[$3]+=$7} END{for(k in n)'
                     '{x=s[k]*100000+n[k]; for(i=1;i<=5;i++)if(x>t[i]){for('
                     'j=5;j>i;j--){t[j]=t[j-1];v[j]=v[j-1]}t[i]=x;v[i]=s[k];'
                     'break}} print "v1"; for(i=1;i<=5;i++)print v[i]}', path],
            "duckdb": duck("copy (select v1 from (select id3, count(*) n, "
                           f"sum(v1) v1 from read_csv('{path}') group by id3)"
                           " order by v1 desc, n desc limit 5) to "
                           "'/dev/stdout' (format csv, header)", both),
            "clickhouse": clickhouse(
                "select v1 from (select id3, count() n, sum(v1) v1 from "
                f"file('{path}', 'CSVWithNames') group by id3) order by v1 "
                "desc, n desc limit 5", both),
        }

    def json_lines(path):
        return {
            "sflow": [sflow, "-o", "csv", "where price > 5000000 | aggregate "
                      "n = count(), price = sum(price) by channel", path],
            "jq": ["sh", "-c", "jq -r 'select(.price > 5000000) | "
                   f"[.channel, .price] | @csv' {path} | mawk -F, "
                   "'{gsub(\"\\\"\",\"\",$1);n[$1]++;s[$1]+=$2} END{print "
                   "\"channel,n,price\";for(k in n)printf "
                   "\"%s,%d,%.0f\\n\",k,n[k],s[k]}'"],
            "mlr": ["mlr", "--ijsonl", "--ocsv", "filter", "$price > 5000000",
                    "then", "stats1", "-a", "count,sum", "-f", "price", "-g",
                    "channel", "then", "rename",
                    "price_count,n,price_sum,price", path],
            "duckdb": duck("copy (select channel, count(*) n, sum(price) "
                           f"price from read_ndjson('{path}', columns="
                           "{channel:'VARCHAR',price:'BIGINT'}) where price "
                           "> 5000000 group by channel) to '/dev/stdout' "
                           "(format csv, header)", both),
            "clickhouse": clickhouse(
                "select channel, count() n, sum(price) price from "
                f"file('{path}', 'JSONEachRow', 'channel String, price "
                "Int64') where price > 5000000 group by channel", both),
        }

    def json_filter(path):
        return {
            "sflow": [sflow, 'where channel == "Apple" and price > 9000000',
                      path],
            "jq": ["jq", "-c", 'select(.channel == "Apple" and .price > '
                   "9000000)", path],
            "duckdb": duck("copy (select * from read_ndjson('" + path + "', "
                           "columns={auction:'BIGINT',bidder:'BIGINT',"
                           "price:'BIGINT',channel:'VARCHAR',url:'VARCHAR',"
                           "dateTime:'VARCHAR',extra:'VARCHAR'}) where "
                           "channel = 'Apple' and price > 9000000) to "
                           "'/dev/stdout' (format json)", both),
        }

    def sort_number(path):
        return {
            "sflow": [sflow, "sort amount, id", path],
            "sort": ["sh", "-c", f"head -1 {path}; tail -n +2 {path} | "
                     f"LC_ALL=C sort --parallel={both} -S 4G -t, -k6,6n "
                     "-k1,1n"],
            "duckdb": duck(f"copy (select * from read_csv('{path}', "
                           "all_varchar=true) order by "
                           "amount::double, id::int) to '/dev/stdout' "
                           "(format csv, header)", both),
        }

    def log_status(path):
        return {
            "sflow": [sflow, "-i", "combined", "-o", "csv", "count by status",
                      path],
            "mawk": ["mawk", '{n[$9]++} END{print "status,count";'
                     'for(k in n)print k","n[k]}', path],
            "gawk": ["gawk", '{n[$9]++} END{print "status,count";'
                     'for(k in n)print k","n[k]}', path],
        }

    def start(path):
        small = os.path.join(args.data, "three.csv")
        with open(small, "w", encoding="ascii") as out:
            out.write("a,b\n1,2\n3,4\n")
        return {
            "sflow": [sflow, "where a > 1 | select a", small],
            "mawk": ["mawk", "-F,", 'NR==1{print "a"} NR>1&&$1>1{print $1}',
                     small],
            "mlr": ["mlr", "--csv", "filter", "$a>1", "then", "cut", "-f",
                    "a", small],
            "jq": ["jq", "-n", "1"],
        }

    return [
        Workload("csv-filter", "CSV filter 5 %, 3 of 10 columns", orders,
                 csv_filter),
        Workload("csv-quoted", "the same, a tenth of the rows quoted", quoted,
                 csv_quoted),
        Workload("group-100", "group-by, 100 groups", groups, group_few),
        Workload("group-many", "group-by, rows / 2 groups", groups,
                 group_many),
        Workload("json-group", "JSON lines filter and group-by", bids,
                 json_lines),
        Workload("json-filter", "JSON lines filter, whole records", bids,
                 json_filter),
        Workload("sort", "sort by number, all columns", orders, sort_number,
                 ordered=True),
        Workload("log", "combined log, count by status", access, log_status),
        Workload("start", "start-up of a three-line job", lambda: None, start,
                 same=False),
    ]


def launcher():
    """The small parent that measures; built once."""
    tool = os.path.join(ARGS.data, "launch")
    if not os.path.exists(tool):
        subprocess.run(["gcc", "-O2", "-o", tool,
                        os.path.join(HERE, "launch.c")], check=True)
    return tool


def run_once(command, limit):
    """Run to its end; returns ((wall, cpu, rss in KiB), output path), or
    (None, what it said)."""
    out = os.path.join(ARGS.data, f"out-{os.getpid()}")
    report = out + ".report"
    with open(out, "wb") as target:
        child = subprocess.Popen([launcher(), report] + command,
                                 stdout=target, stderr=subprocess.PIPE,
                                 start_new_session=True)
        try:
            err = child.communicate(timeout=limit)[1]
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return None, f"killed after {limit} s"
    with open(report, encoding="ascii") as lines:
        wall, user, system, rss, status = lines.read().split()
    if status != "0":
        return None, err.decode(errors="replace")[-300:] or f"status {status}"
    return (float(wall), float(user) + float(system), int(rss)), out


def digest(path, ordered):
    """What the answer is, apart from order, blanks and quotes."""
    with open(path, "rb") as source:
        lines = source.read().replace(b'"', b"").replace(b", ", b",") \
            .replace(b": ", b":").splitlines()
    lines = [line for line in lines if line]
    if not ordered:
        lines.sort()
    # A header is a name for columns, not an answer: some peers print none.
    lines = [line for line in lines if not line.startswith(
        (b"id,", b"id1,", b"channel,", b"status,", b"v1"))]
    whole = hashlib.md5()
    for line in lines:
        whole.update(line)
    return whole.hexdigest(), len(lines)


def measure(workload):
    """One row per program: median wall, cpu, rss."""
    path = workload.data()
    commands = workload.commands(path)
    if ARGS.only_peer:
        commands = {name: command for name, command in commands.items()
                    if name in ARGS.only_peer or name == "sflow"}
    commands = {name: command for name, command in commands.items()
                if shutil.which(command[0])}
    size = os.path.getsize(path) if path else 0
    if path:
        with open(path, "rb") as source:
            while source.read(1 << 24):
                pass
    samples, answers, failed = {}, {}, {}
    runs = ARGS.runs if path else ARGS.runs * 10
    for turn in range(runs + 1):
        for name, command in commands.items():
            if name in failed:
                continue
            slow = name in samples and samples[name] and \
                samples[name][0][0] > ARGS.slow
            if slow and turn > 1:
                continue
            result, out = run_once(command, ARGS.limit)
            if result is None:
                failed[name] = out
                continue
            if turn == 0:
                answers[name] = digest(out, workload.ordered)
                samples[name] = []
                if result[0] > ARGS.slow:
                    samples[name].append(result)
            else:
                samples[name].append(result)
    rows = {}
    for name, taken in samples.items():
        if taken:
            rows[name] = {
                "wall": statistics.median(s[0] for s in taken),
                "cpu": statistics.median(s[1] for s in taken),
                "rss_kib": max(s[2] for s in taken), "runs": len(taken),
            }
    agree = not workload.same or len(set(answers.values())) <= 1
    return {"name": workload.name, "title": workload.title, "bytes": size,
            "rows": rows, "agree": agree, "failed": failed,
            "answers": {name: list(a) for name, a in answers.items()}}


def show(result):
    print(f"\n{result['name']}: {result['title']}"
          f" ({result['bytes'] / 1e6:.0f} MB)")
    ours = result["rows"].get("sflow")
    for name, row in sorted(result["rows"].items(),
                            key=lambda item: item[1]["wall"]):
        ratio = row["wall"] / ours["wall"] if ours else 0
        speed = result["bytes"] / row["wall"] / 1e9
        print(f"  {name:12} {row['wall']:8.4f} s  cpu {row['cpu']:8.4f} s  "
              f"{row['rss_kib'] / 1024:8.1f} MiB  {speed:6.2f} GB/s  "
              f"{ratio:6.2f} x sflow")
    for name, why in result["failed"].items():
        print(f"  {name:12} failed: {why.strip().splitlines()[-1:]}")
    if not result["agree"]:
        print("  ANSWERS DIFFER:")
        for name, answer in result["answers"].items():
            print(f"    {name:12} {answer[1]} lines {answer[0]}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="names of workloads")
    parser.add_argument("--sflow", default=os.path.join(HERE, "..", "build",
                                                        "sflow"))
    parser.add_argument("--data", default=os.path.join(HERE, "data"))
    parser.add_argument("--rows", type=int, default=11_000_000,
                        help="rows of the CSV files (11 million is 1 GB)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count(),
                        help="what the peers that can may use")
    parser.add_argument("--slow", type=float, default=20.0,
                        help="a program slower than this runs once")
    parser.add_argument("--limit", type=int, default=600)
    parser.add_argument("--only-peer", action="append")
    global ARGS
    ARGS = parser.parse_args()
    ARGS.sflow = os.path.abspath(ARGS.sflow)
    os.makedirs(ARGS.data, exist_ok=True)
    results = []
    for workload in workloads(ARGS, ARGS.rows):
        if ARGS.only and workload.name not in ARGS.only:
            continue
        result = measure(workload)
        show(result)
        results.append(result)
    machine = platform.node() or "machine"
    date = datetime.date.today().isoformat()
    os.makedirs(os.path.join(HERE, "results"), exist_ok=True)
    target = os.path.join(HERE, "results", f"{machine}-{date}.json")
    with open(target, "w", encoding="ascii") as out:
        json.dump({"machine": machine, "date": date,
                   "cpus": os.cpu_count(), "rows": ARGS.rows,
                   "results": results}, out, indent=1)
    print(f"\nwritten: {target}")
    return 0 if all(r["agree"] and not r["failed"] for r in results) else 1


ARGS = None
if __name__ == "__main__":
    sys.exit(main())
