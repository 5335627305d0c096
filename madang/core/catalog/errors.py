"""The two families of errors: a file of the catalogue is wrong, or a record does not fit a type."""


class CatalogError(ValueError):
    """A file of the catalogue is not what it has to be.

    Attributes:
        file: the file as the operator finds it, for example ``lease/claims.json``.
        key: the place inside the file, for example ``claims[3].display.ja``; empty for all of it.
        expected: what would have been right.
        found: what stands there.
    """

    def __init__(self, file: str, key: str, expected: str, found: str) -> None:
        self.file, self.key, self.expected, self.found = file, key, expected, found
        place = f"{file}: {key}" if key else file
        super().__init__(f"{place}: expected {expected}, found {found}")


class RecordError(ValueError):
    """A register's record lacks, or has in another form, what a certificate type needs.

    The text never carries a value of the record: only where it stands and what kind it is.

    Attributes:
        type_id: the certificate type that was to be filled.
        source: the place in the record, for example ``lease.deposit_krw``.
        expected: what the type needs there.
        found: the kind of what stands there.
    """

    def __init__(self, type_id: str, source: str, expected: str, found: str) -> None:
        self.type_id, self.source, self.expected, self.found = type_id, source, expected, found
        super().__init__(f"{type_id}: record {source}: expected {expected}, found {found}")
