"""Runs many commands in one process, each as ``python -m energyguard``; they share its imports.

JSON lists of words come on standard input, a line each; exit code and both outputs go out.
"""

import json
import os
import runpy
import sys
import tempfile

answers = os.fdopen(os.dup(1), "w")
for line in sys.stdin.read().splitlines():
    words = json.loads(line)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.argv = ["energyguard", *words]
        code: str | int = 0
        try:
            runpy.run_module("energyguard", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
        said = {"words": words, "code": code}
        for name, file in (("out", out), ("err", err)):
            file.seek(0)
            said[name] = file.read().decode().splitlines()
    print(json.dumps(said, ensure_ascii=False), file=answers, flush=True)
