#!/usr/bin/env python3
"""Models of the map's reads, checked under weak memory: see README.md.

check.py HERD7 LIBDIR   checks all models under RC11 and Armv8
check.py                prints them as C litmus tests

A model is a list of threads, a thread a list of steps. Each model has a bad
outcome, which no execution may have, and weakenings: one step is changed or
left out, and then some execution must have it, under the architectures named.
"""
import subprocess
import sys
import tempfile

RLX, ACQ, REL, SC = "relaxed", "acquire", "release", "seq_cst"


def load(reg, place, order=RLX):
    return ("load", reg, place, order)


def store(place, value, order=RLX):
    return ("store", place, value, order)


def fence(order):
    return ("fence", order)


def unless(reg, other):
    """Gives up unless reg is a number, or what another register has."""
    return ("unless", reg, other)


def update(place, order):
    """Exchanges (release) or ors (sequentially consistent) 1."""
    return ("update", place, order)


DONE = ("done",)

# ---- the models ---------------------------------------------------------

# chunk: 1 it was freed; 2 its generation was stored, by the thread TAKES.
TAKES = [load("o", "chunk", ACQ), unless("o", 1), store("gen", 1, REL),
         fence(REL), store("chunk", 2, REL)]
# Another thread writes to it, in the new generation, and publishes nothing.
DRAFTS = [load("o", "chunk", ACQ), unless("o", 2), fence(REL),
          store("x", 2), store("y", 2)]
COPIES = [load("a", "x"), load("b", "y"), fence(ACQ), load("g2", "gen"),
          unless("g", "g2"), DONE]

MODELS = {
    # A reader is in a table that is replaced. Its slot is frozen, while the
    # entry moves away in the new table, and its chunk is used again.
    "grow": {
        "init": {"slot0": 1, "slot1": 0, "table": 0, "gen": 0,
                 "x": 1, "y": 1, "chunk": 0},
        "threads": [
            [store("slot1", 1), store("table", 1, REL),
             store("slot1", 2, REL), store("chunk", 1, REL)],
            TAKES, DRAFTS,
            [load("t", "table", ACQ), unless("t", 0),
             load("s", "slot0", ACQ), unless("s", 1), load("g", "gen", ACQ),
             load("s2", "slot0", ACQ), unless("s2", 1),
             load("t2", "table", ACQ), unless("t2", 0)] + COPIES],
        "bad": "3:done=1 /\\ ~(3:a=1 /\\ 3:b=1)",
        "weaken": [
            ("the table's word is not changed", 0, 1, None, "C Arm"),
            ("the generation is loaded relaxed", 3, 4,
             load("g", "gen"), "C Arm"),
            ("the word is not looked at again", 3, 8, None, "C Arm"),
            ("the generation is not looked at again", 3, 13, None, "C Arm"),
            ("no acquire fence behind the copy", 3, 11, None, "C Arm"),
            ("no release fence before the bytes", 2, 2, None, "C"),
        ],
    },
    # The memory of a table that was replaced is used for something that looks
    # like a slot.
    "reuse": {
        "init": {"slot0": 0, "table": 0, "chunk": 0, "gen": 0},
        "threads": [
            [store("table", 1, REL), store("chunk", 1, REL)],
            [load("o", "chunk", ACQ), unless("o", 1), fence(REL),
             store("slot0", 1)],
            [load("t", "table", ACQ), unless("t", 0),
             load("s", "slot0", ACQ), unless("s", 1), load("g", "gen", ACQ),
             load("s2", "slot0", ACQ), unless("s2", 1),
             load("t2", "table", ACQ), unless("t2", 0), DONE]],
        "bad": "2:done=1",
        "weaken": [
            ("the word is not looked at again", 2, 8, None, "C Arm"),
            ("no release fence before the bytes", 1, 2, None, "C"),
            ("the chunk is left relaxed", 0, 1, store("chunk", 1), "C Arm"),
        ],
    },
    # An entry leaves a place, and a later one of the same key comes to it: the
    # slot has its old value again.
    "aba": {
        "init": {"slot": 1, "gen": 0, "x": 1, "y": 1, "chunk": 0},
        "threads": [
            [store("slot", 2, REL), store("chunk", 1, REL)],
            TAKES, DRAFTS + [store("slot", 1, REL)],
            [load("s", "slot", ACQ), unless("s", 1), load("g", "gen", ACQ),
             load("s2", "slot", ACQ), unless("s2", 1)] + COPIES],
        "bad": "3:done=1 /\\ ~(3:a=1 /\\ 3:b=1) /\\ ~(3:a=2 /\\ 3:b=2)",
        "weaken": [
            ("the slot is not looked at again", 3, 4, None, "C Arm"),
            ("the slot is looked at again relaxed", 3, 3,
             load("s2", "slot"), "C Arm"),
            ("the generation is not looked at again", 3, 9, None, "C Arm"),
            ("no acquire fence behind the copy", 3, 7, None, "C Arm"),
            ("the slot is stored relaxed", 2, 5, store("slot", 1), "C Arm"),
            ("no release fence before the bytes", 2, 2, None, "C"),
        ],
    },
    # A part of a large entry moves away, and its chunk is used again; then the
    # record's chunk is, and the slot has its old value again.
    "large": {
        "init": {"slot": 1, "gen": 0, "x": 1, "y": 1, "parts": 0, "chunk": 0},
        "threads": [
            [store("slot", 2, REL), store("parts", 1, REL),
             store("chunk", 1, REL)],
            [load("o", "parts", ACQ), unless("o", 1), fence(REL),
             store("x", 2), store("y", 2)],
            [load("o", "chunk", ACQ), unless("o", 1), store("gen", 1, REL),
             fence(REL), store("slot", 1, REL)],
            [load("s", "slot", ACQ), unless("s", 1), load("g", "gen", ACQ),
             load("s2", "slot", ACQ), unless("s2", 1), load("a", "x"),
             load("b", "y"), fence(ACQ), load("s3", "slot", ACQ),
             unless("s3", 1), load("g2", "gen"), unless("g", "g2"), DONE]],
        "bad": "3:done=1 /\\ 3:g=0 /\\ ~(3:a=1 /\\ 3:b=1)",
        "weaken": [
            ("the slot is not looked at a third time", 3, 9, None, "C Arm"),
            ("the generation is looked at before the slot", 3, 7,
             [fence(ACQ), load("g2", "gen"), unless("g", "g2"),
              load("s3", "slot", ACQ), unless("s3", 1), DONE], "C Arm"),
            ("the generation is not looked at again", 3, 11, None, "C Arm"),
            ("no acquire fence behind the copy", 3, 7, None, "C Arm"),
        ],
    },
    # A cleaner passes a record that is marked dead without its shard's lock, and
    # frees the chunk; a reader has the slot from before.
    "mark": {
        "init": {"slot": 1, "mark": 0, "gen": 0},
        "threads": [
            [store("slot", 2, REL), store("mark", 1, REL)],
            [load("m", "mark"), unless("m", 1), fence(ACQ),
             store("gen", 1, REL)],
            [load("s", "slot", ACQ), load("g", "gen", ACQ),
             load("s2", "slot", ACQ), DONE]],
        "bad": "2:done=1 /\\ 2:g=1 /\\ 2:s2=1",
        "weaken": [
            ("no acquire fence behind the mark", 1, 2, None, "C"),
            ("the mark is stored relaxed", 0, 1, store("mark", 1), "C Arm"),
            ("the slot is looked at again relaxed, and the generation loaded so",
             2, 1, [load("g", "gen"), load("s2", "slot"), DONE], "C Arm"),
        ],
    },
    # A sleeper says that it sleeps and then looks; a writer the other way.
    "sleep": {
        "init": {"slot": 0, "word": 0, "sleepers": 0},
        "threads": [
            [store("slot", 1, REL), update("word", REL), fence(SC),
             load("r", "sleepers"), DONE],
            [update("sleepers", SC), fence(SC), load("v", "slot", ACQ), DONE]],
        "bad": "0:done=1 /\\ 1:done=1 /\\ 0:r=0 /\\ 1:v=0",
        "weaken": [
            ("no fence behind the unlocking", 0, 2, None, "C Arm"),
            ("no fence behind the sleeper's word", 1, 1, None, "C"),
        ],
    },
}

# ---- as litmus tests ----------------------------------------------------


def in_c(name, model):
    lines = ["C " + name, "{ " + " ".join(
        f"[{p}]={v};" for p, v in model["init"].items()) + " }"]
    for number, thread in enumerate(model["threads"]):
        lines.append(f"P{number}(" + ", ".join(
            f"atomic_int* {p}" for p in model["init"]) + ") {")
        depth = 0
        for step in thread:
            kind = step[0]
            if kind == "load":
                text = (f"int {step[1]} = atomic_load_explicit({step[2]}, "
                        f"memory_order_{step[3]});")
            elif kind == "store":
                text = (f"atomic_store_explicit({step[1]}, {step[2]}, "
                        f"memory_order_{step[3]});")
            elif kind == "fence":
                text = f"atomic_thread_fence(memory_order_{step[1]});"
            elif kind == "unless":
                text = f"if ({step[1]} == {step[2]}) {{"
                depth += 1
            elif kind == "update":
                text = (f"int u = atomic_exchange_explicit({step[1]}, 1, "
                        f"memory_order_{step[2]});")
            else:
                text = "int done = 1;"
            lines.append("  " + text)
        lines.append("  " + "}" * depth)
        lines.append("}")
    return "\n".join(lines + [f"exists ({model['bad']})", ""])


def in_arm(name, model):
    """Registers: X0.. addresses, W10.. values, W30 is scratch."""
    places = list(model["init"])
    init, columns, names = [f"{p}={v};" for p, v in model["init"].items()], [], {}
    for number, thread in enumerate(model["threads"]):
        init += [f"{number}:X{i}={p};" for i, p in enumerate(places)]
        regs, out = {}, []

        def at(place):
            return f"[X{places.index(place)}]"

        def reg(r):
            return "W%d" % regs.setdefault(r, 10 + len(regs))

        for step in thread:
            kind = step[0]
            if kind == "load":
                out.append(f"{'LDAR' if step[3] == ACQ else 'LDR'} "
                           f"{reg(step[1])},{at(step[2])}")
            elif kind == "store":
                out.append(f"MOV W29,#{step[2]}")
                out.append(f"{'STLR' if step[3] == REL else 'STR'} "
                           f"W29,{at(step[1])}")
            elif kind == "fence":
                out.append("DMB ISHLD" if step[1] == ACQ else "DMB ISH")
            elif kind == "unless":
                other = (f"#{step[2]}" if isinstance(step[2], int)
                         else reg(step[2]))
                out += [f"CMP {reg(step[1])},{other}", f"B.NE L{number}"]
            elif kind == "update":
                out.append("MOV W29,#1")
                out.append(f"{'SWPL' if step[2] == REL else 'SWPAL'} "
                           f"W29,W28,{at(step[1])}")
            else:
                out.append(f"MOV {reg('done')},#1")
        out.append(f"L{number}:")
        columns.append(out)
        names.update({f"{number}:{r}=": f"{number}:X{n}="
                      for r, n in regs.items()})
    bad = model["bad"]
    for old, new in names.items():
        bad = bad.replace(old, new)
    height = max(map(len, columns))
    rows = [[f"P{i}" for i in range(len(columns))]] + [
        [c[i] if i < len(c) else "" for c in columns] for i in range(height)]
    return "\n".join(["AArch64 " + name, "{ " + " ".join(init) + " }"] +
                     [" | ".join(row) + " ;" for row in rows] +
                     [f"exists ({bad})", ""])


def weakened(model, thread, step, instead):
    threads = [list(t) for t in model["threads"]]
    if isinstance(instead, list):
        threads[thread][step:] = instead
    else:
        threads[thread][step:step + 1] = [] if instead is None else [instead]
    return {**model, "threads": threads}


# ---- checking -----------------------------------------------------------


def is_found(text, cat, herd, libdir):
    with tempfile.NamedTemporaryFile("w", suffix=".litmus") as file:
        file.write(text)
        file.flush()
        run = subprocess.run(
            [herd, "-I", libdir, "-model", cat, file.name],
            capture_output=True, text=True, timeout=600)
    for line in run.stdout.splitlines():
        if line.startswith("Observation"):
            return " Never " not in line
    raise SystemExit(f"{text}\n{run.stdout}{run.stderr}")


def main():
    if len(sys.argv) != 3:
        for name, model in MODELS.items():
            print(in_c(name, model))
        return
    wrong = 0
    for name, model in MODELS.items():
        cases = [("as it is", model, "")] + [
            (what, weakened(model, t, s, i), where)
            for what, t, s, i, where in model["weaken"]]
        for what, case, where in cases:
            c = is_found(in_c(name, case), "rc11.cat", *sys.argv[1:])
            arm = is_found(in_arm(name, case), "aarch64.cat", *sys.argv[1:])
            right = c == ("C" in where) and arm == ("Arm" in where)
            wrong += not right
            print(f"{'ok   ' if right else 'WRONG'} {name}: {what}: "
                  f"RC11 {'found' if c else 'never'}, "
                  f"Armv8 {'found' if arm else 'never'}", flush=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
