"""What the cryptography package raises for a certificate it cannot read.

It decodes names, extensions and keys when they are first looked at, so any of these may come late,
out of a certificate that somebody else sent.
"""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
