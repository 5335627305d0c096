"""The one error of this package: a rule, its texts or the question put to it cannot be used."""


class RuleError(ValueError):
    """A rule file, its texts, or a question about a rule is not what it has to be.

    Attributes:
        place: where, as a JSON path such as ``$.conditions.all[3].op``.
        expected: what would have been right.
        found: what stands there; never a claim of a person.
    """

    def __init__(self, place: str, expected: str, found: str) -> None:
        self.place, self.expected, self.found = place, expected, found
        super().__init__(f"{place}: expected {expected}, found {found}")
