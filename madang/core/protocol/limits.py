"""Bounds on everything the protocols read from outside."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """One bound per field; a service's settings name the same fields.

    Attributes:
        body_bytes: largest form or JSON body.
        form_parameters: most parameters in one form or query string.
        json_depth: deepest nesting of a JSON document.
        jwt_bytes: largest compact JWS (request object, proof, presentation result).
        jwe_bytes: largest compact JWE, and largest plaintext inside it.
        uri_chars: longest offer or request link (a QR picture holds 2,953 bytes).
        text_chars: longest identifier, path component or value in a message.
        presentations: most presentations in one answer.
        disclosures: most disclosures in one presentation.
        proofs: most key proofs in one credential request.
        configurations: most credential configurations in an offer or in metadata.
        queries: most credential queries in one DCQL query.
        claims: most claims queries in one credential query.
        claim_sets: most claim sets in one credential query.
        values: most allowed values, type values or authorities in one list.
        path_components: longest claims path pointer.
        credential_sets: most credential set queries.
        options: most options in one credential set query.
        transaction_data: most transactions in one request.
    """

    body_bytes: int = 400_000
    form_parameters: int = 32
    json_depth: int = 24
    jwt_bytes: int = 64_000
    jwe_bytes: int = 300_000
    uri_chars: int = 8_000
    text_chars: int = 4_000
    presentations: int = 32
    disclosures: int = 500
    proofs: int = 32
    configurations: int = 1_000
    queries: int = 32
    claims: int = 100
    claim_sets: int = 32
    values: int = 100
    path_components: int = 16
    credential_sets: int = 32
    options: int = 32
    transaction_data: int = 16


DEFAULT_LIMITS = Limits()
