"""Run one machine: a folder, a port, and the processes that the instance's user data starts."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.machines import processes
from sandbox.machines.image import POWER, MachineImage
from sandbox.machines.instances import Instance
from sandbox.ports import LOOPBACK
from sandbox.processes import MARKER, die_with_parent

LOG = logging.getLogger(__name__)
GRACE = 10.0  # seconds from SIGTERM to SIGKILL
KEPT_LOGS = 100  # of machines that are gone
RUN_PARTS = 'for script in "$0"/*; do [ ! -x "$script" ] || "$script"; done'
"""What cloud-init does at each boot with `scripts/per-boot`: run the scripts in order, even if one fails."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """What all machines share: the folder, the URLs of the emulator and the metadata service, and the image."""

    directory: Path
    endpoint: str
    metadata: str
    image: MachineImage

    @property
    def logs(self) -> Path:
        """The folder with the logs of machines that are gone."""
        return self.directory.parent / "log" / "machines"


class Machine:
    """The processes of one instance, from the start of its user data to the end of the last one."""

    def __init__(self, host: Host, instance: Instance, port: int, powered_off: Callable[[], None]) -> None:
        """`powered_off` is called when the machine's own `shutdown` runs; its processes then still do too."""
        self.id = instance.id
        self.port = port
        self.boots = instance.boots
        self._host = host
        self._instance = instance
        self._directory = host.directory / instance.id
        self._session: processes.Session | None = None
        self._watch: asyncio.Task[None] | None = None
        self._powered_off = powered_off
        self._power: int | None = None

    async def start(self) -> None:
        """Run the user data as cloud-init does: as a script if it begins with `#!`, and not at all otherwise.

        If it fails, the console log says so and the instance runs all the same, as on EC2.
        """
        for folder in (self._directory, self._directory / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._host.image.lay_out, self._commands)
        self._listen()
        console = self._directory / "console.log"
        user_data = self._instance.user_data
        if not user_data.startswith(b"#!"):
            console.write_text(f"{self.id}: the user data is not a script (it does not begin with `#!`)\n")
            return
        script = self._directory / "user-data"
        script.write_bytes(user_data)
        script.chmod(0o700)
        await self._run("the user data", str(script))

    def _listen(self) -> None:
        """Await the word of the machine's own `shutdown`. Open for both, so that no writer waits and no end is read."""
        pipe = self._directory / POWER
        os.mkfifo(pipe, 0o600)
        self._power = os.open(pipe, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        asyncio.get_running_loop().add_reader(self._power, self._off, self._power)

    def _off(self, power: int) -> None:
        os.read(power, 4096)
        self._powered_off()

    def _deafen(self) -> None:
        if self._power is not None:
            asyncio.get_running_loop().remove_reader(self._power)
            os.close(self._power)
            self._power = None

    async def halt(self, grace: float = GRACE) -> None:
        """End every process as at a shutdown (by SIGKILL at once if `grace` is 0); the disk stays."""
        left = await asyncio.to_thread(
            processes.end, lambda: processes.of_machine(self._directory, self._session), grace=grace
        )
        if left:
            LOG.error("%s: processes %s cannot be killed", self.id, [process.pid for process in left])
        if self._watch is not None:
            await asyncio.wait([self._watch], timeout=5)

    @property
    def folder(self) -> Path:
        """The machine's disk."""
        return self._directory

    async def execute(self, *command: str, cwd: Path) -> asyncio.subprocess.Process:
        """Start a process of the machine beside its user data, in a session of its own, its output in pipes."""
        return await self._execute(command, asyncio.subprocess.PIPE, cwd=cwd)

    async def reboot(self, boots: int) -> None:
        """Boot for the `boots`-th time. No process of the previous boot is left, and the user data is not run again."""
        await self.halt()
        self.boots = boots
        await self._run("the script for each boot", "/bin/bash", "-c", RUN_PARTS, str(self._per_boot))

    @property
    def _per_boot(self) -> Path:
        return self._directory / "per-boot"

    async def _run(self, what: str, *command: str) -> None:
        with (self._directory / "console.log").open("ab") as output:
            try:
                process = await self._execute(command, output.fileno())
            except OSError as problem:
                output.write(f"{self.id}: {what} cannot be run: {problem}\n".encode())
                return
        self._watch = asyncio.create_task(self._report_end(what, process), name=f"watch {self.id}")
        self._session = processes.Session(process.pid, time.time())
        self._session.save(self._directory / processes.SESSION_FILE)

    async def _execute(
        self, command: tuple[str, ...], output: int, cwd: Path | None = None
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd or self._directory,
            env=self._environment(),
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )

    async def _report_end(self, what: str, script: asyncio.subprocess.Process) -> None:
        code = await script.wait()
        LOG.info("%s: %s ended with %d", self.id, what, code)

    @property
    def _commands(self) -> Path:
        """The machine's PATH: the image's commands, and those of packages."""
        return self._directory / "usr" / "bin"

    def _environment(self) -> dict[str, str]:
        """Return a short, fixed list: as on EC2, no setting of the user who started the sandbox reaches a machine."""
        region, home = self._instance.region, str(self._directory)
        environment = {
            "PATH": str(self._commands),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "HOME": home,
            "TMPDIR": str(self._directory / "tmp"),
            processes.MARK: home,
            "AWS_ENDPOINT_URL": self._host.endpoint,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{self._host.metadata}/{self.id}",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "PER_BOOT": str(self._per_boot),
            "APP_HOME": str(self._directory / "app"),
            "APP_ADDRESS": LOOPBACK,
            "APP_USER": str(os.getuid()),
            "PORT": str(self.port),
        }
        if MARKER in os.environ:
            environment[MARKER] = os.environ[MARKER]
        return environment

    async def end(self, grace: float = GRACE) -> None:
        """End every process (by SIGKILL at once if `grace` is 0), keep the logs and remove the rest."""
        await self.halt(grace)
        self._deafen()
        await asyncio.to_thread(archive, self._host, self.id)


def archive(host: Host, instance_id: str) -> None:
    """Collect the logs of a machine in one file below `host.logs`, and remove its folder."""
    directory = host.directory / instance_id
    if not directory.is_dir():
        return
    host.logs.mkdir(parents=True, exist_ok=True)
    with (host.logs / f"{instance_id}.log").open("wb") as kept:
        for log in (directory / "console.log", directory / "app" / "app.log"):
            if log.is_file():
                kept.write(f"==> {log.relative_to(directory)} <==\n".encode())
                with log.open("rb") as source:
                    shutil.copyfileobj(source, kept)
    shutil.rmtree(directory, ignore_errors=True)
    oldest_last = sorted(host.logs.glob("*.log"), key=lambda log: log.stat().st_mtime, reverse=True)
    for log in oldest_last[KEPT_LOGS:]:
        log.unlink(missing_ok=True)
