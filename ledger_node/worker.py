"""The node's work: recover, deploy and open once, then checkpoints and anchors beside each other.

Each log is on its own: one that waits for the chain, or is held, holds up no other.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import OperationalError

from ledger_node.condition import DAMAGED, WAITS, Condition, word
from ledger_node.following import Following
from ledger_node.publisher.usecases import Publisher
from ledger_node.remembered import compare
from madang.infra.rpc import WrongNodeError

RETRY_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


@dataclass
class Node:
    """All logs of this node and the chain below them.

    Attributes:
        publishers: the one writer of each log, by tenant.
        following: brings heads to the chain.
        checkpoint_seconds: least time between two checkpoints.
        conditions: how each log is doing.
    """

    publishers: Mapping[str, Publisher]
    following: Following
    checkpoint_seconds: float
    conditions: dict[str, Condition] = field(init=False)

    def __post_init__(self) -> None:
        self.conditions = {tenant: Condition() for tenant in self.publishers}

    async def start(self) -> None:
        """Bring files and chain up to the durable state, as far as the chain answers.

        Raises:
            EngineError: the embedded engine cannot be started.
            WrongNodeError: the node is one of another chain.
            DeploymentError: the record of the deployment is no such record.
        """
        for tenant in self.publishers:
            self._locally(tenant, self._recover)
        await self.following.work.start()
        await self._begin()

    async def _begin(self) -> None:
        try:
            await self.following.work.deploy()
        except WAITS as error:
            if isinstance(error, WrongNodeError) and error.kind == "other_chain":
                raise
        for tenant in self.publishers:
            await self._try(tenant, self._open(tenant))

    async def run(self) -> None:
        """Publish and anchor for ever; ends when cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._publish())
            group.create_task(self.following.work.keep())
            for tenant in self.publishers:
                group.create_task(self._anchor(tenant))

    async def _publish(self) -> None:
        while True:
            for tenant in self.publishers:
                self.publish(tenant)
            await asyncio.sleep(self.checkpoint_seconds)

    def publish(self, tenant: str) -> None:
        """Sequence and publish what waits; a full disk or a locked database is tried again.

        What was signed is in the database, and the files are brought up to it before the next
        head. Nothing is signed before the log was compared with what the chain has of it.
        """
        if not self.publishers[tenant].damage and self.conditions[tenant].compared:
            self._locally(tenant, self._checkpoint)

    def _recover(self, publisher: Publisher) -> None:
        publisher.recover()
        publisher.introduce()

    def _checkpoint(self, publisher: Publisher) -> None:
        publisher.checkpoint()

    def _locally(self, tenant: str, work: Callable[[Publisher], None]) -> None:
        """Do work on files and database; after a failure they are brought together first."""
        publisher, condition = self.publishers[tenant], self.conditions[tenant]
        try:
            if condition.behind:
                self._recover(publisher)
            work(publisher)
        except DAMAGED as error:
            publisher.hold(str(error))
        except (OperationalError, OSError) as error:
            if not condition.behind:
                _log.error("the log of %s waits: %s", tenant, type(error).__name__)
            condition.behind = word(error)
        else:
            condition.behind = ""

    async def _anchor(self, tenant: str) -> None:
        while True:
            await self.anchor(tenant)
            waits = self.conditions[tenant].waiting
            await asyncio.sleep(RETRY_SECONDS if waits else self.checkpoint_seconds / 4)

    async def anchor(self, tenant: str) -> None:
        """Bring the newest head of a log to the chain, and follow what is there until it is final.

        What cannot be done now is tried again, and told by the log's condition.
        """
        await self._try(tenant, self._follow(tenant))

    async def _open(self, tenant: str) -> None:
        """Open a log on the chain, and compare it with what the chain has; each once."""
        if self.publishers[tenant].damage:
            return
        await self.following.work.open(tenant)
        if not self.conditions[tenant].compared:
            compare(self.publishers[tenant], await self.following.remembered(tenant))
            self.conditions[tenant].compared = True
        # Last: while the log is another account's, it is compared and goes on publishing.
        await self.following.work.own(tenant)

    async def _follow(self, tenant: str) -> None:
        await self._open(tenant)
        if not self.publishers[tenant].damage:
            await self.following.follow(tenant, self.publishers[tenant])

    async def _try(self, tenant: str, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except DAMAGED as error:
            self.publishers[tenant].hold(str(error))
        except WAITS as error:
            self._wait(tenant, word(error), str(error))
        else:
            self.conditions[tenant].waiting = ""

    def _wait(self, tenant: str, waiting: str, why: str) -> None:
        if waiting != self.conditions[tenant].waiting:
            _log.warning("the log of %s waits for the chain (%s): %s", tenant, waiting, why)
        self.conditions[tenant].waiting = waiting

    async def stop(self) -> None:
        """End the engine, and close the connections to the chain."""
        await self.following.work.stop()
