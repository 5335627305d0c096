"""Put the receiving side together."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import SoftwareSigner
from mobile_stub.accreditations import Accreditations
from mobile_stub.adapters.anchors import load_anchors
from mobile_stub.adapters.browser import DeviceBrowser, FollowingBrowser
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.receiving.access import Accesses
from mobile_stub.receiving.authorization import Browser
from mobile_stub.receiving.client import Clients
from mobile_stub.receiving.credentials import Credentials
from mobile_stub.receiving.deferred import Deferred
from mobile_stub.receiving.deliveries import Deliveries
from mobile_stub.receiving.discovery import Discovery
from mobile_stub.receiving.model import Keeper
from mobile_stub.receiving.notification import Notifier
from mobile_stub.receiving.provider import Provider
from mobile_stub.receiving.receiver import Receiver
from mobile_stub.receiving.trust import Issuers
from mobile_stub.settings import Settings


def receiver(
    settings: Settings, network: Network, vault: Keeper, accreditations: Accreditations
) -> Receiver:
    """Return what receives, as the settings have it.

    Raises:
        WalletError: anchors or the client's key cannot be read.
    """
    allow = settings.allow_loopback_http
    issuers = Issuers(accreditations, load_anchors(settings.credential_anchors))
    provider = Provider(network, vault, settings.provider) if settings.provider else None
    signer = client_signer(settings.client_key)
    discovery = Discovery(network, allow, settings.signed_metadata, issuers.roots)
    clients = Clients(network, provider, settings.client_id, signer)
    accesses = Accesses(network, vault, discovery, clients)
    credentials = Credentials(network, vault, provider, settings.copies, allow)
    notifier = Notifier(vault, accesses)
    deliveries = Deliveries(vault, issuers, credentials, notifier)
    deferred = Deferred(vault, accesses, deliveries)
    return Receiver(
        vault,
        accreditations,
        discovery,
        issuers,
        accesses,
        credentials,
        deliveries,
        deferred,
        notifier,
        _browser(settings, network),
    )


def redirect_uri_of(settings: Settings) -> str:
    """Return where browsers come back to: the wallet's own address unless another is set."""
    return settings.redirect_uri or f"http://127.0.0.1:{settings.port}/callback"


def _browser(settings: Settings, network: Network) -> Browser:
    redirect_uri = redirect_uri_of(settings)
    if settings.browser == "follow":
        return FollowingBrowser(redirect_uri, network)
    if settings.browser == "wait":
        return DeviceBrowser(redirect_uri, launch=_nothing)
    return DeviceBrowser(redirect_uri)


def _nothing(_url: str) -> None:
    """Open nothing: somebody else does."""


def client_signer(path: Path | None) -> SoftwareSigner | None:
    """Return the key of `private_key_jwt`, named by its thumbprint; None without one.

    Raises:
        WalletError: there is no P-256 key in PEM.
    """
    if path is None:
        return None
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unreadable(path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != ec.SECP256R1.name:
        raise _unreadable(path)
    return SoftwareSigner(key, PublicKey.from_native(key.public_key()).thumbprint())


def _unreadable(path: Path) -> WalletError:
    return WalletError(
        "client_key_unreadable", f"{path}: a P-256 key in PEM without a passphrase was expected"
    )
