"""The expected "no".

Here belongs the one exception by which a rule refuses; doors translate its code for people.
Here belong no words of a language and no unexpected failures: those rise as they are.
May call: nothing.
"""


class Refused(Exception):  # noqa: N818 (it is an expected answer, not an error)
    """A rule said no, and said why.

    `code` is a stable snake_case word such as `selection_invalid`; `details` hold plain values
    that a door may show or fill into a translated sentence.
    """

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        return " ".join([self.code, *(f"{name}={value}" for name, value in self.details.items())])
