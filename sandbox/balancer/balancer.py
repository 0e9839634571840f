"""Keep the load balancers in line with the aws process, and report health and metrics to it.

Requests are served from the last known configuration, whether the aws process answers or not.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Coroutine
from typing import Any

from sandbox.balancer.config import Config, GroupConfig, TargetConfig, parse
from sandbox.balancer.health import Checks, probe
from sandbox.balancer.listeners import Listeners
from sandbox.balancer.metrics import NAMESPACE, Metrics
from sandbox.balancer.proxy import Proxy
from sandbox.balancer.reports import HealthReports
from sandbox.balancer.rules import groups_of
from sandbox.balancer.targets import Key, Target, TargetGroup
from sandbox.balancer.upstream import Upstream
from sandbox.service.internal_api import InternalApi, InternalApiError
from sandbox.service.target_health import NOT_REGISTERED

LOG = logging.getLogger(__name__)
METRICS_INTERVAL = 3.0  # seconds
RETRY = 1.0  # seconds until a port that could not be opened is tried again


class Balancer:
    """All load balancers of one sandbox."""

    def __init__(self, api: InternalApi, upstream: Upstream) -> None:
        self._api = api
        self._upstream = upstream
        self._config = Config({}, {})
        self._groups: dict[str, TargetGroup] = {}
        self._metrics = Metrics()
        self._reports = HealthReports(api)
        self._tasks: dict[tuple[str, Key], asyncio.Task[None]] = {}  # the health check or the drain of each target
        self._listeners = Listeners(Proxy(self._groups, self._metrics, upstream).handle)
        self._apply_again: asyncio.TimerHandle | None = None
        self._applying = asyncio.Lock()
        self._background: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Follow, serve and report until cancelled."""
        work = [self._follow(), self._reports.run(self._statuses), self._publish()]
        tasks = [asyncio.create_task(one) for one in work]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in [*tasks, *self._tasks.values(), *self._background]:
                task.cancel()
            if self._apply_again is not None:
                self._apply_again.cancel()
            await self._listeners.close()

    async def _follow(self) -> None:
        async for snapshot in self._api.follow("load-balancers"):
            try:
                self._config = parse(snapshot)
                await self._apply()
            except (KeyError, TypeError, ValueError):
                LOG.exception("this configuration cannot be applied; the rest stays as it is")

    async def _apply(self) -> None:
        async with self._applying:
            config = self._config
            in_use = {
                arn
                for balancer in config.load_balancers.values()
                for listener in balancer.listeners
                for arn in groups_of(listener)
            }
            for arn in [arn for arn in self._groups if arn not in config.groups]:
                self._remove_group(arn)
            self._metrics.keep(config.load_balancers)
            for arn, group in config.groups.items():
                self._apply_group(group, arn in in_use)
            if not await self._listeners.apply(config.load_balancers) and self._apply_again is None:
                self._apply_again = asyncio.get_running_loop().call_later(RETRY, self._retry)

    def _retry(self) -> None:
        self._apply_again = None
        self._spawn(self._apply())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _apply_group(self, config: GroupConfig, in_use: bool) -> None:
        group = self._groups.setdefault(config.arn, TargetGroup(config))
        check_changed = group.config.health_check != config.health_check
        group.config = config
        wanted = {(target.id, target.port): target for target in config.targets}
        for key in [key for key in group.targets if key not in wanted]:
            self._remove(group, key)
        for key, target in wanted.items():
            self._apply_target(group, key, target, in_use, check_changed)
        group.changed()

    def _apply_target(
        self, group: TargetGroup, key: Key, config: TargetConfig, in_use: bool, check_changed: bool
    ) -> None:
        target = group.targets.get(key)
        if target is not None and target.draining and not config.draining:
            self._remove(group, key, cut=False)  # registered again: it starts afresh
            target = None
        if target is None:
            target = group.targets[key] = Target(group.config.arn, config)
        moved = target.config.address != config.address
        target.config = config
        if config.draining:
            if not target.draining:
                self._begin(group, key, self._drain(group, target))
                target.draining = True
        elif not in_use or config.address is None:
            self._stop(group, key)
            target.checks = Checks()
            self._reports.put(target, target.health)
        elif moved or check_changed or (group.config.arn, key) not in self._tasks:
            target.checks = Checks() if moved else target.checks
            self._begin(group, key, self._check(group, target))

    def _begin(self, group: TargetGroup, key: Key, work: Coroutine[Any, Any, None]) -> None:
        self._stop(group, key)
        self._tasks[group.config.arn, key] = asyncio.create_task(work)

    def _stop(self, group: TargetGroup, key: Key) -> None:
        task = self._tasks.pop((group.config.arn, key), None)
        if task is not None:
            task.cancel()

    def _remove(self, group: TargetGroup, key: Key, *, cut: bool = True) -> None:
        self._stop(group, key)
        target = group.targets.pop(key)
        if cut:
            target.cut()
        self._reports.forget(group.config.arn, key)

    def _remove_group(self, arn: str) -> None:
        group = self._groups[arn]
        for key in list(group.targets):
            self._remove(group, key)
        del self._groups[arn]

    async def _check(self, group: TargetGroup, target: Target) -> None:
        """Check a target at once, and then at the group's interval."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + group.config.health_check.interval
            check = group.config.health_check
            failure = await probe(self._upstream.fresh, target.config.address or "", check)
            before = target.checks.health
            target.checks = target.checks.after(failure, check)
            if target.checks.health != before:
                LOG.info("%s: %s", target.config.id, target.checks.health)
                group.changed()
            self._reports.put(target, target.health)
            await asyncio.sleep(due - loop.time())

    async def _drain(self, group: TargetGroup, target: Target) -> None:
        """Wait until no request is in flight, and cut those that outlast the deregistration delay."""
        try:
            await asyncio.wait_for(target.idle.wait(), group.config.deregistration_delay)
        except asyncio.TimeoutError:
            LOG.warning(
                "%s: %d requests cut at the end of the deregistration delay", target.config.id, target.outstanding
            )
            target.cut()
        self._reports.put(target, NOT_REGISTERED)

    def _statuses(self) -> None:
        """Report the health of all targets again, in case the aws process lost it."""
        for group in self._groups.values():
            for target in group.targets.values():
                if not target.draining:
                    self._reports.put(target, target.health)
                elif target.outstanding == 0:
                    self._reports.put(target, NOT_REGISTERED)

    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(METRICS_INTERVAL * random.uniform(0.9, 1.1))  # noqa: S311  # not in step with alarms
            for balancer in self._config.load_balancers.values():
                arns = {arn for listener in balancer.listeners for arn in groups_of(listener)}
                groups = [self._groups[arn] for arn in sorted(arns) if arn in self._groups]
                data = self._metrics.take(balancer, groups)
                body = {"region": balancer.region, "namespace": NAMESPACE, "data": data}
                try:
                    if data:
                        await self._api.post("metrics", body, attempts=2)
                except InternalApiError as problem:
                    LOG.warning("%s: metrics of one interval are lost: %s", balancer.name, problem)

    def describe(self) -> dict[str, Any]:
        """Return the listeners' local ports, and the targets with their health and number of requests in flight."""
        return {
            "listeners": self._listeners.ports,
            "targets": [
                {
                    "group": target.group,
                    "id": target.config.id,
                    "address": target.config.address,
                    "state": target.health.state,
                    "reason": target.health.reason,
                    "outstanding": target.outstanding,
                }
                for group in self._groups.values()
                for target in group.targets.values()
            ],
        }
