"""The commands of `python -m sandbox`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import sys
import types
from collections.abc import Sequence
from pathlib import Path

from sandbox import engine, processes
from sandbox.control import (
    calendar,
    calls,
    deploy,
    drill,
    environment,
    faults,
    git_shim,
    session,
    shell,
    stack,
    start,
    token,
)
from sandbox.control.deploy import Sandbox
from sandbox.control.environment import Deploy
from sandbox.errors import SandboxError, describe
from sandbox.locks import locked
from sandbox.paths import CHECKOUT, SANDBOX

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. A user's mistake is one line on stderr and exit code 1."""
    signal.signal(signal.SIGTERM, _interrupt)
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"error: {describe(error)}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Run an emulated AWS on this machine, and deploy to it with Slipway."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start the sandbox if needed, deploy, and print the URL that serves")
    up.add_argument("--sha", default="", help="branch, tag or commit to deploy (default: HEAD)")
    up.add_argument("--repo", default="", help="path or URL of the app's repository (default: this checkout)")
    up.add_argument(
        "--repo-from", metavar="VARIABLE", help="environment variable that holds the repository; hides a token from ps"
    )
    up.add_argument(
        "--directory",
        default="",
        help="the app's folder in the repository (default: its root, or examples/shop in this checkout)",
    )
    up.add_argument("--stack", default="sandbox", help="deploy as Pulumi.STACK.yaml says (default: sandbox)")
    up.add_argument(
        "--provider",
        choices=("sandbox", "real"),
        default="sandbox",
        help="real: use the pulumi-aws plugin, which must be downloadable (default: sandbox)",
    )
    up.add_argument("--port", type=_port, help="the load balancer's port (default: 8080, or a free one)")
    up.add_argument("--relative-to", default=str(Path.cwd()), help="the folder that a relative --repo is relative to")
    up.set_defaults(run=_up)

    begin = commands.add_parser("start", help="start the sandbox, unless it runs already")
    begin.add_argument("--port", type=_port, help="the load balancer's port (default: 8080, or a free one)")
    begin.set_defaults(run=_start)

    down = commands.add_parser("down", help="destroy all stacks, end all processes, remove .sandbox")
    down.add_argument("--no-destroy", action="store_true", help="end the processes without destroying the stacks first")
    down.set_defaults(run=_down)

    status = commands.add_parser("status", help="show which processes run and what was deployed last")
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=_status)

    variables = commands.add_parser("env", help='print the environment: eval "$(python -m sandbox env)"')
    variables.set_defaults(run=_env)
    opened = commands.add_parser("shell", help="open a shell with that environment")
    opened.set_defaults(run=_shell)
    for command in (variables, opened):
        command.add_argument("--stack", help="for which deployed stack (default: the one that was deployed last)")

    logs = commands.add_parser("logs", help="follow the logs of the sandbox's processes")
    logs.add_argument(
        "name", nargs="?", help="one of aws, machines, balancer, dns, provider, supervisor (default: all)"
    )
    logs.add_argument("--no-follow", action="store_true", help="print what has been logged so far and exit")
    logs.set_defaults(run=_logs)

    faults.add(commands.add_parser)
    calendar.add(commands.add_parser)
    calls.add(commands.add_parser)
    drill.add(commands.add_parser)
    token.add(commands.add_parser)

    execute = commands.add_parser("exec", help="run a command with the tools (Python packages, pulumi) on PATH")
    execute.add_argument("command", nargs=argparse.REMAINDER)
    execute.set_defaults(run=_exec)
    return parser


def _port(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text[:100]!r} is not a port: give a number from 1 to 65535")
    return int(text)


def _up(options: argparse.Namespace) -> int:
    git_shim.use(SANDBOX)
    file = stack.read(CHECKOUT, options.stack)
    repository = os.environ.pop(options.repo_from, "") if options.repo_from else options.repo
    given = {"sha": options.sha, "repository": repository, "directory": options.directory}
    asked = {key: value for key, value in given.items() if value}
    caller = Path(options.relative_to) if options.relative_to else None
    app, notes = stack.choose(file, asked, checkout=CHECKOUT, caller=caller)
    for note in notes:
        print(note, file=sys.stderr)
    stack.check_interpreter(CHECKOUT)
    tools = engine.ensure()
    sandbox = Sandbox(
        checkout=CHECKOUT, directory=SANDBOX, state=start.ensure(SANDBOX, port=options.port), engine=tools
    )
    wanted = Deploy(stack=options.stack, provider=options.provider, region=file.region, **vars(app))
    return deploy.up(wanted, file=file.path, sandbox=sandbox)


def _start(options: argparse.Namespace) -> int:
    state = start.ensure(SANDBOX, port=options.port)
    print(f"the sandbox is running; AWS is at {state.endpoint}")
    return 0


def _down(options: argparse.Namespace) -> int:
    if not SANDBOX.exists() and not processes.find(SANDBOX):
        print("no sandbox runs here")
        return 0
    deploy.interrupt(SANDBOX)
    state, tools = session.load(SANDBOX), engine.find()
    if state and tools and not options.no_destroy and not session.trouble(state):
        with contextlib.suppress(SandboxError):  # what is dark can't be destroyed
            faults.clear(state)
        with locked(SANDBOX.parent, deadline=start.STOP):
            deploy.destroy_all(Sandbox(checkout=CHECKOUT, directory=SANDBOX, state=state, engine=tools))
    start.stop(SANDBOX)
    print("the sandbox is stopped and removed")
    return 0


def _status(options: argparse.Namespace) -> int:
    state, last = session.load(SANDBOX), deploy.remembered(SANDBOX)
    trouble = session.trouble(state) if state else None
    if options.json:
        record = {
            "running": bool(state) and not trouble,
            "trouble": trouble,
            "endpoint": state.endpoint if state else None,
            "ports": state.taken_ports if state else {},
            "processes": {name: child.pid for name, child in state.children.items()} if state else {},
            "last_up": vars(last) if last else None,
            "faults": faults.active(state) if state and not trouble else {},
        }
        print(json.dumps(record, indent=2))
    elif not state:
        print("no sandbox runs here")
    else:
        print(f"broken: {trouble}; `make up` starts a new one" if trouble else f"running; AWS is at {state.endpoint}")
        for name, child in state.children.items():
            how = "runs" if processes.is_alive(child.pid, child.started) else "ended"
            print(f"  {name:<10} {how:<6} pid {child.pid}" + (f", port {child.port}" if child.port else ""))
        if last:
            whence = f"as the stack {last.follows} served it" if last.follows else f"of {last.repository}"
            print(f"  last up    {last.sha or 'nothing yet'} {whence}, stack {last.stack}")
        if not trouble and (on := faults.active(state)):
            shown = ", ".join(name if value is True else f"{name} {value}" for name, value in on.items())
            print(f"  faults     {shown}; `python -m sandbox fault clear` ends them")
    return 1 if trouble else 0


def _env(options: argparse.Namespace) -> int:
    print("\n".join(environment.shell_lines(os.environ, _variables(options.stack))))
    return 0


def _shell(options: argparse.Namespace) -> int:
    variables = _variables(options.stack)
    lines = environment.shell_lines(os.environ, variables)
    command, more = shell.prepare(os.environ.get("SHELL") or "/bin/sh", lines, SANDBOX / "shell", Path.home())
    print(
        "In this shell pulumi, aws, curl and `python -m release` work on the sandbox; leave it with exit.",
        file=sys.stderr,
    )
    os.chdir(CHECKOUT)
    os.execve(command[0], command, {**environment.merged(os.environ, variables), **more})  # noqa: S606  # as asked for


def _logs(options: argparse.Namespace) -> int:
    folder = SANDBOX / "log"
    files = sorted(folder.glob(f"{options.name or '*'}.log"))
    if not files:
        raise SandboxError(f"{folder} has no log {options.name or ''}; `make up` starts a sandbox")
    follow = [] if options.no_follow else ["-F"]
    os.execvp("tail", ["tail", "-n", "100", *follow, *map(str, files)])  # noqa: S606  # as above


def _exec(options: argparse.Namespace) -> int:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise SandboxError("exec needs a command, for example: python -m sandbox exec pytest")
    env = environment.with_tools(os.environ, engine.ensure().folder)
    try:
        os.execvpe(command[0], command, env)  # noqa: S606  # as above
    except FileNotFoundError:
        raise SandboxError(f"{command[0]} is not on PATH") from None


def _variables(stack: str | None) -> dict[str, str]:
    state, tools = session.load(SANDBOX), engine.find()
    trouble = session.trouble(state) if state else None
    if not state or not tools or trouble:
        raise SandboxError(f"{f'the sandbox is broken ({trouble})' if trouble else 'no sandbox runs'}; run `make up`")
    last = deploy.remembered(SANDBOX, stack)
    if stack and not last:
        raise SandboxError(f"no stack {stack} was deployed; deployed: {', '.join(deploy.known(SANDBOX)) or 'none'}")
    selected = {"PULUMI_STACK": stack} if stack else {}
    return {**environment.of_tools(SANDBOX, state, last, tools.folder), **selected}


def _interrupt(_number: int, _frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt
