"""Complete flows of both kinds, as wallets and the counter drive them."""

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from bench.callers import Fetcher, Held, Visitor, Voucher
from bench.city import TENANT, Running
from bench.wire import Wire


class Flows(Protocol):
    """Flows of one kind against a service."""

    async def ready(self, count: int) -> None:
        """Make what so many flows need beforehand; it is not measured."""
        ...

    async def flow(self, wire: Wire) -> None:
        """Go through one flow."""
        ...


@dataclass
class Issuance:
    """Token, nonce and credential; the counter's calls come before."""

    city: Running
    vouchers: deque[Voucher] = field(default_factory=deque)

    async def ready(self, count: int) -> None:
        """Make offers; see `Flows.ready`."""
        while len(self.vouchers) < count:
            self.vouchers.append(Voucher.of(await self.city.offer()))

    async def flow(self, wire: Wire) -> None:
        """Go through one flow; see `Flows.flow`."""
        issuer = self.city.plan.addresses.identifier(TENANT, "issuer")
        await Fetcher(issuer, wire).fetch(self.vouchers.popleft())


@dataclass
class Presentation:
    """The session, the request and the answer with one Digital ID."""

    city: Running
    held: Held

    async def ready(self, count: int) -> None:
        """Need nothing; see `Flows.ready`."""

    async def flow(self, wire: Wire) -> None:
        """Go through one flow; see `Flows.flow`."""
        await Visitor(self.city, wire, self.held).visit()


async def presented_copy(city: Running) -> Held:
    """Fetch the Digital ID that the presentations show."""
    wire = await Wire.to(city.plan.addresses.origin(TENANT, "issuer"))
    issuer = city.plan.addresses.identifier(TENANT, "issuer")
    copy = await Fetcher(issuer, wire).fetch(Voucher.of(await city.offer()))
    await wire.close()
    return Held.of(*copy)
