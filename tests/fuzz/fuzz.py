"""Asks the running server whatever the document allows, and what it does not, as each kind of caller (Schemathesis).

The operations are those of the document, and the callers those of the demo, with an API client that has every scope: nothing is listed here. Each caller has a
server of its own, with a copy of the demo's data. `schemathesis.toml` says which checks are off, where and why.

What is asked is the same in every run, a few requests of each operation, so that a change is refused for what it does and not by chance. What no schema allows is
then asked by two callers alone, one who may do the most and one who may do nothing: in between nobody meets anything else. For so long as `--seconds` says, it is
everything, and what chance brings: that is for finding what nobody thought of.
"""

import argparse
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What is asked when no time is given: so many requests of each operation, and so many ways through several of them, each time the same.
ALWAYS = ["--max-examples", "5", "--seed", "1", "--generation-deterministic"]
# Who then asks what no schema allows, too.
THOROUGH = ("owner", "anonymous")


class Demo:
    """The demo, served from a folder for as long as the block lasts."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        command = [self.binary, "demo", "--json", "--listen", address, "--data", self.folder]
        environment = {**os.environ, "COHORTIUM_LOG": "error"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        self.told = json.loads(self.process.stdout.readline())
        self.url = self.told["base_url"]
        for _ in range(600):
            try:
                urllib.request.urlopen(self.url + "/health/ready").close()
                return self
            except urllib.error.URLError:
                time.sleep(0.1)
        sys.exit("the demo does not serve")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def post(self, path, body, authorization=None, kind="application/json"):
        headers = {"content-type": kind, **({"authorization": authorization} if authorization else {})}
        data = json.dumps(body).encode() if kind == "application/json" else body.encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers)) as answer:
            return json.load(answer)

    def document(self):
        with urllib.request.urlopen(self.told["openapi_url"]) as answer:
            return json.load(answer)

    def bearer(self, caller):
        """What a caller sends as its Authorization."""
        if caller == "anonymous":
            return None
        if caller != "client":
            who = next(known for known in self.told["sign_ins"] if known["role"] == caller)
            signed_in = self.post("/v1/auth/login", {name: who[name] for name in ("coalition", "email", "password")})
            return "Bearer " + signed_in["access_token"]
        scopes = self.document()["components"]["schemas"]["ClientScope"]["enum"]
        made = self.post("/v1/api-clients", {"name": "Fuzz", "scopes": scopes}, self.bearer("owner"))
        basic = base64.b64encode(f"{made['id']}:{made['client_secret']}".encode()).decode()
        given = self.post("/oauth/token", "grant_type=client_credentials", f"Basic {basic}", "application/x-www-form-urlencoded")
        return "Bearer " + given["access_token"]


def ask(schemathesis, demo, caller, folder, arguments):
    """Runs Schemathesis as one caller, from a folder in which it may leave what it keeps; tells whether nothing was found, and what it said."""
    authorization = demo.bearer(caller)
    command = [
        schemathesis, "--config-file", str(HERE / "schemathesis.toml"), "run", demo.told["openapi_url"],
        "--phases", "examples,coverage,fuzzing,stateful", "--no-color",
        *(["--header", f"Authorization: {authorization}"] if authorization else []),
        *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def main():
    """Asks as every caller, and ends with a failure when anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="the server")
    parser.add_argument("schemathesis", help="the tool")
    parser.add_argument("--seconds", type=int, help="ask what chance brings, for so long as each caller")
    parser.add_argument("--caller", action="append", help="this caller alone; can be given more than once")
    given, arguments = parser.parse_known_args()

    def chosen(caller):
        if given.seconds:
            return ["--mode", "all", "--max-time", str(given.seconds), "--generation-database", "none", *arguments]
        return ["--mode", "all" if caller in THOROUGH else "positive", *ALWAYS, *arguments]

    with tempfile.TemporaryDirectory(prefix="cohortium-fuzz-") as folder:
        played = Path(folder, "played")
        with Demo(given.binary, played) as demo:
            roles = [who["role"] for who in demo.told["sign_ins"]]
        callers = given.caller or dict.fromkeys([*THOROUGH, *roles, "client"])

        def asked_as(caller):
            shutil.copytree(played, Path(folder, caller))
            with Demo(given.binary, Path(folder, caller)) as demo:
                return caller, *ask(given.schemathesis, demo, caller, folder, chosen(caller))

        found = []
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for caller, clean, said in pool.map(asked_as, callers):
                # What it warns of is long, and no finding.
                print(f"-- as {caller}", said[said.find("Test cases:") :] if clean else said, sep="\n", flush=True)
                found += [] if clean else [caller]
    if found:
        sys.exit(f"something was found as {', '.join(found)}")


main()
